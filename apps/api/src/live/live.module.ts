import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { LiveProcessorsResolver, LiveResolver } from './live.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [LiveProcessorsResolver, LiveResolver] })
export class LiveModule {}
