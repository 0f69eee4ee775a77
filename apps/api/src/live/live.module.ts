import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import {
  LiveGroupListsResolver,
  LiveListsResolver,
  LiveProcessorsResolver,
  LiveResolver,
} from './live.resolver.ts';

@Module({
  imports: [MonitoringModule],
  providers: [LiveGroupListsResolver, LiveListsResolver, LiveProcessorsResolver, LiveResolver],
})
export class LiveModule {}
