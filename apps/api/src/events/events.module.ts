import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { EventsResolver } from './events.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [EventsResolver] })
export class EventsModule {}
