import { useMantineColorScheme } from '@mantine/core';
import {
  Spotlight,
  type SpotlightActionData,
  type SpotlightActionGroupData,
} from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useFrame } from '../../live/use-live.ts';
import { liveStore } from '../../live/live-store.ts';
import { setUi, useUi } from '../../ui/ui-state.ts';
import { formatExact } from '../../ui/numbers.ts';
import { setZone } from '../../ui/time.ts';
import { jobsQuery } from '../batch/queries.ts';
import { pipelinesQuery } from '../pipelines/queries.ts';
import { navItems } from './nav.ts';
import { paletteMatches } from './palette-matches.ts';
import { useEffect, useState } from 'react';
import '../../ui/dialog.css';
import './palette.css';
import { createSpotlight } from '@mantine/spotlight';

const [store, spotlight] = createSpotlight();
const listedMax = 12;

/** Find or do: pages, everything that has a name, and what can be done from anywhere. */
export function Palette() {
  const { paletteOpen } = useUi();
  const [query, setQuery] = useState('');
  useEffect(() => {
    if (paletteOpen) spotlight.open();
    else spotlight.close();
  }, [paletteOpen]);
  const { groups, more } = paletteMatches(query, useActions(), listedMax);
  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      attributes={{ content: { 'aria-label': 'Find or do' } }}
      overlayProps={{ blur: 0, backgroundOpacity: 0 }}
      onSpotlightClose={() => setUi({ paletteOpen: false })}
      scrollable
      maxHeight={420}
    >
      <Spotlight.Search
        leftSection={<IconSearch size={16} aria-hidden="true" />}
        placeholder="Find or do"
        aria-label="Find or do"
      />
      {groups.length === 0 ? (
        <Spotlight.Empty>Nothing has this name.</Spotlight.Empty>
      ) : (
        <Spotlight.ActionsList>
          {groups.map(({ group, actions }) => (
            <Spotlight.ActionsGroup key={group} label={group}>
              {actions.map(({ id, ...action }) => (
                <Spotlight.Action key={id} highlightQuery {...action} />
              ))}
            </Spotlight.ActionsGroup>
          ))}
        </Spotlight.ActionsList>
      )}
      {more > 0 && (
        <Spotlight.Footer className="quiet small" role="status">
          and {formatExact(more)} more: type more of the name
        </Spotlight.Footer>
      )}
    </Spotlight.Root>
  );
}

function useActions(): SpotlightActionGroupData[] {
  const frame = useFrame();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const { data: pipelines = [] } = useQuery(pipelinesQuery);
  const { data: jobs = [] } = useQuery(jobsQuery);
  const action = (id: string, label: string, onClick: () => void): SpotlightActionData => ({
    id,
    label,
    onClick,
  });
  return [
    {
      group: 'Pages',
      actions: navItems.map((item) =>
        action(`page ${item.to}`, item.label, () => void navigate({ to: item.to })),
      ),
    },
    {
      group: 'Topics',
      actions: (frame?.topics ?? []).map(({ name }) =>
        action(
          `topic ${name}`,
          name,
          () => void navigate({ to: '/ui/topics/$name', params: { name } }),
        ),
      ),
    },
    {
      group: 'Consumer groups',
      actions: (frame?.groups ?? []).map(({ groupId }) =>
        action(
          `group ${groupId}`,
          groupId,
          () => void navigate({ to: '/ui/consumer-groups/$groupId', params: { groupId } }),
        ),
      ),
    },
    {
      group: 'Pipelines',
      actions: pipelines.map(({ name }) =>
        action(
          `pipeline ${name}`,
          name,
          () => void navigate({ to: '/ui/pipelines/$name', params: { name } }),
        ),
      ),
    },
    {
      group: 'Batch jobs',
      actions: jobs.map(({ name }) =>
        action(
          `job ${name}`,
          name,
          () => void navigate({ to: '/ui/batch-jobs/$name', params: { name } }),
        ),
      ),
    },
    {
      group: 'Do',
      actions: [
        action('pause', 'Pause or resume live updates', () =>
          liveStore.setPaused(liveStore.getState().pausedAt === null),
        ),
        action('light', 'Light colours', () => setColorScheme('light')),
        action('dark', 'Dark colours', () => setColorScheme('dark')),
        action('utc', 'Times in UTC', () => setZone('UTC')),
        action('local', 'Times in local time', () => setZone('local')),
        action('keys', 'Show all keys', () => setUi({ keysOpen: true })),
      ],
    },
  ];
}
