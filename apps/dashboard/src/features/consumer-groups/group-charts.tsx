import { useMemo } from 'react';
import type { LiveGroup } from '../../live/live-store.ts';
import { useLive } from '../../live/use-live.ts';
import { GapChart } from '../../ui/chart/gap-chart.tsx';
import { useRange } from '../../ui/range.ts';
import { Section } from '../../ui/section.tsx';
import { chartAnnotations } from '../events/annotations.ts';
import { newestFirst, useEvents } from '../events/use-events.ts';
import { LagChart } from './lag-chart.tsx';

/** The gap and the lag of one consumer group over the chosen range, side by side. */
export function GroupCharts({ groupId, health }: { groupId: string; health: LiveGroup['health'] }) {
  const range = useRange();
  const live = useLive((state) => state.events);
  const { events } = useEvents(groupId);
  const annotations = useMemo(
    () => chartAnnotations(newestFirst(live, events), [groupId]),
    [live, events, groupId],
  );
  return (
    <div className="row-2">
      <Section title="Arriving and consumed" hint="records/s">
        <GapChart
          arriving={[{ kind: 'GROUP', subject: groupId, metric: 'IN' }]}
          consumed={[{ kind: 'GROUP', subject: groupId, metric: 'OUT' }]}
          rangeSeconds={range.seconds}
          height={176}
          annotations={annotations}
          emptyText="begins with the first record"
        />
      </Section>
      <Section title="Lag" hint="records not yet committed, all partitions">
        <LagChart
          groups={[{ groupId, health }]}
          rangeSeconds={range.seconds}
          height={176}
          annotations={annotations}
        />
      </Section>
    </div>
  );
}
