export { type ProcessEntry, type ProcessState, ProcessTable } from './process-table.ts';
export { type SystemOverview, SystemService } from './system.service.ts';
