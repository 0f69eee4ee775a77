import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { RecordDataResolver, RecordsResolver } from './records.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [RecordDataResolver, RecordsResolver] })
export class RecordsModule {}
