export { type ProduceRequest, type RecordsQuery } from './record-input.ts';
export { type RecordView, type ShownBytes, textOf } from './record-view.ts';
export { type RecordPage, type RecordProduced, RecordsService } from './records.service.ts';
export { type TailOutcome, TailsService } from './tails.service.ts';
export type { TailFrame } from './topic-tail.ts';
