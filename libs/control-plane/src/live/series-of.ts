import type { SeriesValue } from '../history/index.ts';
import type { ClusterFigures } from './live-figures.ts';

/** The series of the history that one second's figures hold. What is unknown is left out. */
export function seriesOf(figures: ClusterFigures): SeriesValue[] {
  const series: SeriesValue[] = [];
  const add = (
    kind: SeriesValue['kind'],
    subject: string,
    metric: SeriesValue['metric'],
    value: number | null,
  ): void => {
    if (value !== null) {
      series.push({ kind, subject, metric, value });
    }
  };
  add('total', '*', 'in', figures.totals.inPerSecond);
  add('total', '*', 'out', figures.totals.outPerSecond);
  add('total', '*', 'lag', figures.totals.lag);
  for (const topic of figures.topics) {
    add('topic', topic.name, 'in', topic.inPerSecond);
    add('topic', topic.name, 'out', topic.outPerSecond);
  }
  for (const group of figures.groups) {
    add('group', group.groupId, 'in', group.inPerSecond);
    add('group', group.groupId, 'out', group.outPerSecond);
    add('group', group.groupId, 'lag', group.lag);
  }
  // Partitions of groups come last, because they are left out when there are too many series.
  for (const group of figures.groups) {
    for (const { topic, partition, lag } of group.partitions) {
      add('group-partition', `${group.groupId}/${topic}/${partition}`, 'lag', lag);
    }
  }
  return series;
}
