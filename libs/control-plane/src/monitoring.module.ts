import { Module } from '@nestjs/common';
import { ClockWatch } from './clock/index.ts';
import { InteractiveCluster } from './cluster/index.ts';
import { ConsumerGroupsService } from './consumer-groups/index.ts';
import { EventLog, EventRecorder, EventWaker } from './events/index.ts';
import { HistoryService } from './history/index.ts';
import { ClusterMetrics, LiveMonitor, LiveWork } from './live/index.ts';
import { PipelinesService } from './pipelines/index.ts';
import { ProcessorsService } from './processors/index.ts';
import { RecordsService, TailsService } from './records/index.ts';
import { ProcessTable, SystemService } from './system/index.ts';
import { TopicsService } from './topics/index.ts';
import { WorkersService } from './workers/index.ts';

const exported = [
  ClusterMetrics,
  ConsumerGroupsService,
  EventLog,
  HistoryService,
  LiveMonitor,
  PipelinesService,
  ProcessorsService,
  ProcessTable,
  RecordsService,
  SystemService,
  TailsService,
  TopicsService,
  WorkersService,
];

/**
 * What looks at the cluster and at this installation: topics, consumer groups, records, live
 * figures, history, events, processes. Import it in one process only (api): it samples the cluster
 * and writes the history. Needs the global PlatformModule.
 */
@Module({
  providers: [...exported, ClockWatch, EventRecorder, EventWaker, InteractiveCluster, LiveWork],
  exports: exported,
})
export class MonitoringModule {}
