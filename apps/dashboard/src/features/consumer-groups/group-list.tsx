import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { GroupHealth } from '../../generated/graphql.ts';
import { useFrame, useLive } from '../../live/use-live.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { formatPlural } from '../../ui/numbers.ts';
import { Empty, NothingMatches, Section } from '../../ui/section.tsx';
import { groupLooks } from '../../ui/state-mark.tsx';
import { Verdict, type VerdictText } from '../../ui/verdict.tsx';
import { readGroupCommand } from '../system/commands.ts';
import { systemQuery } from '../system/queries.ts';
import { GroupTable } from './group-table.tsx';
import { groupVerdictWithSubject } from './group-verdict.ts';
import { compareWorstFirst, isProblem } from './health.ts';
import { groupFacts } from './use-group-facts.ts';

/** All groups of the last frame; nothing is fetched, because the frame has them all. */
export function GroupList({ filter, state }: { filter: string; state: string | undefined }) {
  const frame = useFrame();
  const { data: system } = useQuery(systemQuery);
  const navigate = useNavigate({ from: '/ui/consumer-groups' });
  const change = useCallback(
    (values: { filter?: string | undefined; state?: string | undefined }) =>
      void navigate({
        search: (before) =>
          Object.fromEntries(Object.entries({ ...before, ...values }).filter(([, value]) => value)),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const setFilter = useCallback((text: string) => change({ filter: text }), [change]);
  if (!frame) return null;
  const named = frame.groups.filter((group) => group.groupId.includes(filter));
  const shown = named
    .filter((group) => state === undefined || group.health === state)
    .toSorted(compareWorstFirst);
  return (
    <>
      <GroupsVerdict />
      <div className="filters">
        <FilterInput label="Filter by name" value={filter} onChange={setFilter} />
        <StateFilter
          groups={frame.groups}
          chosen={state}
          onChoose={(chosen) => change({ state: chosen })}
        />
        <span className="end quiet small">{formatPlural(shown.length, 'group')}</span>
      </div>
      <Section title="Consumer groups" hint="worst first">
        {shown.length > 0 && <GroupTable groups={shown} />}
        {shown.length === 0 && frame.groups.length > 0 && (
          <NothingMatches
            text={nothingText(filter, state, named.length)}
            clear={() => change({ filter: undefined, state: undefined })}
          />
        )}
        {frame.groups.length === 0 && system && (
          <Empty
            title="There is no consumer group yet."
            text="A group appears with its first member, and keeps its offsets after the last one left."
            command={readGroupCommand(
              system.bootstrapServers,
              frame.topics[0]?.name ?? 'real-time-topic',
            )}
          />
        )}
      </Section>
    </>
  );
}

function nothingText(filter: string, state: string | undefined, named: number): string {
  const word = state && state in groupLooks ? groupLooks[state as GroupHealth].word : state;
  if (!filter) return `No group is in the state ${word}.`;
  const elsewhere = state && named > 0 ? ` ${named} in another state.` : '';
  return `No group matches “${filter}”${word ? ` with state ${word}` : ''}.${elsewhere}`;
}

function StateFilter(props: {
  groups: readonly { health: GroupHealth }[];
  chosen: string | undefined;
  onChoose: (state: string | undefined) => void;
}) {
  const counts = new Map<GroupHealth, number>();
  for (const { health } of props.groups) counts.set(health, (counts.get(health) ?? 0) + 1);
  return (
    <div className="segments col-wide" role="group" aria-label="State">
      <button
        type="button"
        aria-pressed={props.chosen === undefined}
        onClick={() => props.onChoose(undefined)}
      >
        All {props.groups.length}
      </button>
      {[...counts].map(([health, count]) => (
        <button
          key={health}
          type="button"
          aria-pressed={props.chosen === health}
          onClick={() => props.onChoose(health)}
        >
          {groupLooks[health].word} {count}
        </button>
      ))}
    </div>
  );
}

function GroupsVerdict() {
  const frame = useFrame()!;
  const events = useLive((state) => state.events);
  const worst = frame.groups.filter((group) => isProblem(group.health)).toSorted(compareWorstFirst);
  const [first] = worst;
  if (first) {
    const verdict = groupVerdictWithSubject(groupFacts(first, frame, events));
    return (
      <Verdict
        verdict={{ ...verdict, word: `${worst.length} of ${frame.groups.length} need a look` }}
      />
    );
  }
  const waiting = frame.totals.lag;
  const verdict: VerdictText = {
    look: groupLooks.KEEPING_UP,
    word: 'All well',
    sentence: [
      frame.groups.length === 0
        ? 'Nobody reads in a group yet.'
        : `${formatPlural(frame.groups.length, 'group keeps', 'groups keep')} up.`,
    ],
    lead: [
      waiting === null
        ? 'Lag is known with the first committed offset.'
        : `${formatPlural(waiting, 'record waits', 'records wait')} in all.`,
    ],
  };
  return <Verdict verdict={verdict} />;
}
