export {
  BATCH_MEDIA_TYPE,
  STRUCTURED_MEDIA_TYPE,
  parseBinaryCloudEvent,
  parseCloudEvents,
  type CloudEventOptions,
  type CloudEventsMode,
} from './cloud-events.ts';
export {
  IngestRefusal,
  type IngestProblem,
  type IngestProblemCode,
  type RecordProblem,
} from './ingest-problem.ts';
export { IngestModule } from './ingest.module.ts';
export {
  IngestService,
  type IngestOutcome,
  type IngestReport,
  type RecordFailure,
  type RecordReport,
} from './ingest.service.ts';
export { parseJsonPointer, type JsonPointer } from './json-pointer.ts';
export { nextValue, objectMembers, arrayElements, type Slice } from './json-text.ts';
export { parseNative, type NativeMedia, type NativeOptions } from './native-format.ts';
export type { Acks } from './produce-api.ts';
export { type IncomingRecord, type RecordHeader } from './record.ts';
export { parseRestProxyV2, type EmbeddedFormat } from './rest-proxy-v2.ts';
export { parseRestProxyV3, type RestProxyV3Record } from './rest-proxy-v3.ts';
