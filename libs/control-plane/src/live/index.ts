export type {
  ClusterSample,
  SampledGroup,
  SampledMember,
  TopicPartition,
} from './cluster-sample.ts';
export { ClusterMetrics } from './cluster-metrics.ts';
export type { GroupHealth } from './group-health.ts';
export { LatestWins } from './latest-wins.ts';
export type {
  ClusterFigures,
  GroupFigures,
  GroupPartitionFigures,
  TopicFigures,
} from './live-figures.ts';
export type { LiveFrame, LiveRun, LiveRunState } from './live-frame.ts';
export { LiveMonitor } from './live-monitor.ts';
export { LiveWork } from './live-work.ts';
