import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { HistoryResolver } from './history.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [HistoryResolver] })
export class HistoryModule {}
