import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import { SystemResolver } from './system.resolver.ts';

@Module({ imports: [MonitoringModule], providers: [SystemResolver] })
export class SystemModule {}
