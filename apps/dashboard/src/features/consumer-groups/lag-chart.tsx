import { useCallback, useMemo } from 'react';
import type { GroupHealth } from '../../generated/graphql.ts';
import { liveStore } from '../../live/live-store.ts';
import { useSeries } from '../../live/use-series.ts';
import type { ChartData, ChartLine } from '../../ui/chart/chart-data.ts';
import { LineChart } from '../../ui/chart/line-chart.tsx';
import { formatAxis, formatDuration, formatExact } from '../../ui/numbers.ts';
import { SectionError } from '../../ui/section.tsx';

const linesMax = 8;
/** A label with its value below, and what the axis takes of the height, px. */
const labelHeight = 28;
const axisHeight = 44;
const calmLinesMax = 2;

/** Colours of a group's line: a state's own, grey while nothing is wrong. */
const lineColors: Record<GroupHealth, { color: string; textColor: string }> = {
  FALLING_BEHIND: { color: '--behindf', textColor: '--behind' },
  STALLED: { color: '--failf', textColor: '--fail' },
  STOPPED: { color: '--failf', textColor: '--fail' },
  NO_MEMBERS: { color: '--failf', textColor: '--fail' },
  CATCHING_UP: { color: '--catchf', textColor: '--catch' },
  PAUSED: { color: '--pausef', textColor: '--pause' },
  UNKNOWN: { color: '--ctl', textColor: '--ink3' },
  KEEPING_UP: { color: '--ctl', textColor: '--ink3' },
};

interface DrawnGroup {
  groupId: string;
  health: GroupHealth;
}

export interface LagChartProps {
  /** Worst first. */
  groups: readonly DrawnGroup[];
  rangeSeconds: number;
  height: number;
  annotations?: readonly { at: number; text: string }[];
}

/**
 * Lag in records: the worst groups by name in their state's colour, the calm ones as one grey line.
 */
export function LagChart({ groups, rangeSeconds, height, annotations }: LagChartProps) {
  // Groups by value: a frame brings new objects each second, while what is drawn seldom changes.
  const shape = JSON.stringify(groups.map(({ groupId, health }) => ({ groupId, health })));
  const drawn = useMemo(() => JSON.parse(shape) as DrawnGroup[], [shape]);
  const ids = useMemo(() => drawn.map((group) => group.groupId).toSorted(), [drawn]);
  const series = useSeries(
    ids.map((subject) => ({ kind: 'GROUP', subject, metric: 'LAG' })),
    rangeSeconds,
  );
  const { read: readSeries } = series;
  const read = useCallback((): ChartData => {
    const { x, ys } = readSeries();
    const valuesOf = new Map(ids.map((id, index) => [id, ys[index] ?? []]));
    return {
      x,
      lines: lagLines(drawn, valuesOf, labelsFor(height)),
      ...(annotations ? { annotations } : {}),
    };
  }, [readSeries, drawn, ids, annotations, height]);
  if (series.error) {
    return <SectionError what="The history of lag" error={series.error} retry={series.retry} />;
  }
  return (
    <LineChart
      title="Lag in records by group"
      height={height}
      rangeSeconds={rangeSeconds}
      read={read}
      version={`${series.version} ${shape} ${annotations?.length}`}
      formatAxis={formatAxis}
      formatValue={formatExact}
      emptyText="begins with the first committed offset"
      {...(series.tierSeconds > 1
        ? { pointNote: `${formatDuration(series.tierSeconds * 1000)} max` }
        : {})}
    />
  );
}

type Values = readonly (number | null)[];

/** How many labels stand below each other without one being cut off. */
function labelsFor(height: number): number {
  return Math.min(linesMax, Math.max(2, Math.floor((height - axisHeight) / labelHeight)));
}

function lagLines(
  groups: LagChartProps['groups'],
  valuesOf: Map<string, Values>,
  labels: number,
): ChartLine[] {
  const isCalm = (health: GroupHealth) => health === 'KEEPING_UP' || health === 'UNKNOWN';
  const ill = groups.filter((group) => !isCalm(group.health));
  const named = ill.slice(0, groups.length > labels ? labels - 1 : labels);
  const calm = groups.filter((group) => !named.includes(group));
  const alone = calm.length <= calmLinesMax && groups.length <= labels ? calm : [];
  const lines = [...named, ...alone].map((group, index): ChartLine => {
    const values = valuesOf.get(group.groupId) ?? [];
    return {
      key: group.groupId,
      label: group.groupId,
      note: formatExact(lastOf(values)),
      ...lineColors[group.health],
      width: index === 0 && !isCalm(group.health) ? 2 : 1.5,
      values,
    };
  });
  if (alone.length === calm.length) return lines.toReversed();
  const columns = calm.map((group) => valuesOf.get(group.groupId) ?? []);
  const most = largest(columns);
  const words = named.length > 0 ? `${calm.length} others` : `${calm.length} groups`;
  const rest: ChartLine = {
    key: words,
    label: words,
    note: `at most ${formatExact(lastOf(most))}`,
    ...lineColors.KEEPING_UP,
    width: 1.1,
    values: most,
  };
  return [rest, ...lines.toReversed()];
}

function largest(columns: readonly Values[]): (number | null)[] {
  return Array.from({ length: columns[0]?.length ?? 0 }, (_, row) => {
    let most: number | null = null;
    for (const column of columns) {
      const value = column[row];
      if (value !== null && value !== undefined) most = Math.max(most ?? 0, value);
    }
    return most;
  });
}

function lastOf(values: Values): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/**
 * Change of a group's or of all lag in the last minute shown, records; null until a minute is
 * known.
 */
export function lagChangePerMinute(subject: string): number | null {
  const to = liveStore.shownAt;
  const kind = subject === '*' ? 'TOTAL' : 'GROUP';
  const { at, value } = liveStore.window({ kind, subject, metric: 'LAG' }, to - 61_500, to);
  const first = value.find((sample) => sample !== null);
  const last = lastOf(value);
  if (at.length < 2 || first == null || last === null || to - at[0]! < 55_000) return null;
  return last - first;
}

/**
 * Whether a change of lag in a minute is noise: under 2 % of the lag, or under 2 s of consuming.
 */
export function isSteady(
  perMinute: number,
  lag: number,
  consumedPerSecond: number | null,
): boolean {
  return Math.abs(perMinute) < Math.max(10, lag * 0.02, 2 * (consumedPerSecond ?? 0));
}
