import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { PipelinesResolver, ProcessorsResolver } from './pipelines.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [PipelinesResolver, ProcessorsResolver] })
export class PipelinesModule {}
