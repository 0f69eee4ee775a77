import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { TopicsResolver } from './topics.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [TopicsResolver] })
export class TopicsModule {}
