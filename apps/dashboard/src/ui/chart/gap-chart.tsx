import { useCallback } from 'react';
import { useSeries } from '../../live/use-series.ts';
import { summed, type SeriesKey } from '../../live/series.ts';
import { formatAxis, formatDuration, formatRate, formatRateValue } from '../numbers.ts';
import { SectionError } from '../section.tsx';
import type { ChartData } from './chart-data.ts';
import { LineChart } from './line-chart.tsx';

export interface GapChartProps {
  /** Pairs of series; with several, each side is their sum. */
  arriving: readonly SeriesKey[];
  consumed: readonly SeriesKey[];
  rangeSeconds: number;
  height: number;
  annotations?: readonly { at: number; text: string }[];
  emptyText: string;
}

/**
 * Arriving in ink, consumed in petrol with a pale fill, and the gap between them where it falls
 * behind.
 */
export function GapChart(props: GapChartProps) {
  const { arriving, consumed, annotations } = props;
  const keys = [...arriving, ...consumed];
  const series = useSeries(keys, props.rangeSeconds);
  const { read: readSeries } = series;
  const split = arriving.length;
  const read = useCallback((): ChartData => {
    const { x, ys } = readSeries();
    const upper = summed(ys.slice(0, split));
    const lower = summed(ys.slice(split));
    return gapData(x, upper, lower, annotations);
  }, [readSeries, split, annotations]);
  if (series.error) {
    return <SectionError what="The history of rates" error={series.error} retry={series.retry} />;
  }
  return (
    <LineChart
      title="Records per second arriving and consumed"
      height={props.height}
      rangeSeconds={props.rangeSeconds}
      read={read}
      version={`${series.version} ${split} ${keys.length} ${annotations?.length}`}
      formatAxis={formatAxis}
      formatValue={formatRate}
      emptyText={props.emptyText}
      {...(series.tierSeconds > 1
        ? { pointNote: `${formatDuration(series.tierSeconds * 1000)} mean` }
        : {})}
    />
  );
}

function gapData(
  x: readonly number[],
  upper: readonly (number | null)[],
  lower: readonly (number | null)[],
  annotations: GapChartProps['annotations'],
): ChartData {
  const lastUpper = upper.findLast((value) => value !== null) ?? null;
  const lastLower = lower.findLast((value) => value !== null) ?? null;
  const short = lastUpper === null || lastLower === null ? null : lastUpper - lastLower;
  return {
    x,
    lines: [
      {
        key: 'consumed',
        label: lastLower === null ? '' : `${formatRate(lastLower)} consumed`,
        shortLabel: lastLower === null ? '' : `out ${formatRateValue(lastLower)}`,
        color: '--accf',
        textColor: '--acc',
        width: 1.75,
        filled: true,
        values: lower,
      },
      {
        key: 'arriving',
        label: lastUpper === null ? '' : `${formatRate(lastUpper)} arriving`,
        shortLabel: lastUpper === null ? '' : `in ${formatRateValue(lastUpper)}`,
        color: '--ink',
        textColor: '--ink',
        width: 1.5,
        values: upper,
      },
    ],
    gap: { arriving: 1, consumed: 0, shortPerSecond: short },
    ...(annotations ? { annotations } : {}),
  };
}
