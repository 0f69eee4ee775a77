export { ProtocolError } from './protocol-error.ts';
export { ZERO_UUID } from './bytes/uuid.ts';
export {
  ApiKeys,
  advertisedVersions,
  apis,
  isApiKey,
  isFlexible,
  isVersionOffered,
} from './api-keys.ts';
export type { Api } from './messages/schema.ts';
export type { ApiKey, RequestInputOf, RequestOf, ResponseInputOf, ResponseOf } from './api-keys.ts';
export { decodeRequest, decodeRequestBody, decodeRequestHeader, encodeRequest } from './request.ts';
export type { Request, RequestFor, RequestHeader } from './request.ts';
export { decodeResponse, encodeResponse } from './response.ts';
export { ErrorCodes, errorName, isRetriable } from './error-codes.ts';
export { FrameSplitter } from './frame-splitter.ts';
export { isInternalTopic, topicNameProblem } from './topic-name.ts';
export {
  BATCH_ATTRIBUTES,
  BATCH_POSITIONS,
  assignBaseOffset,
  compressionOf,
  COMPRESSIONS,
  computeRecordBatchCrc,
  hasDeleteHorizon,
  isControlBatch,
  isRecordBatchIntact,
  isTransactionalBatch,
  readRecordBatchHeader,
  recordBatches,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_PREFIX_BYTES,
  stampLogAppendTime,
  timestampTypeOf,
} from './records/record-batch.ts';
export type { Compression, RecordBatchHeader } from './records/record-batch.ts';
export { validateProducedRecords } from './records/produced-records.ts';
export type { ProducedRecordsLimits } from './records/produced-records.ts';
export type { CompressionCodecs } from './records/compression-codecs.ts';
export { decodeRecords } from './records/record-decoding.ts';
export type { LogRecord } from './records/record-decoding.ts';
export { encodeRecordBatch } from './records/record-encoding.ts';
export type { RecordBatchInput, RecordInput } from './records/record-encoding.ts';
export {
  decodeConsumerAssignment,
  decodeConsumerSubscription,
  encodeConsumerAssignment,
  encodeConsumerSubscription,
} from './messages/consumer-protocol.ts';
