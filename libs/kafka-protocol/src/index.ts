export { ProtocolError } from './protocol-error.ts';
export { Reader } from './bytes/reader.ts';
export { Writer, sizeOfRecords } from './bytes/writer.ts';
export type { BytesSource, RecordsInput } from './bytes/writer.ts';
export { ZERO_UUID } from './bytes/uuid.ts';
export {
  ApiKeys,
  PRODUCE_ADVERTISED_VERSION_MIN,
  advertisedVersions,
  apis,
  isApiKey,
  isFlexible,
  isVersionOffered,
} from './api-keys.ts';
export type { Api } from './messages/schema.ts';
export type {
  AdvertisedVersions,
  ApiKey,
  Apis,
  RequestInputOf,
  RequestOf,
  ResponseInputOf,
  ResponseOf,
} from './api-keys.ts';
export {
  decodeRequest,
  decodeRequestBody,
  decodeRequestHeader,
  encodeRequest,
  REQUEST_ELEMENTS_MAX,
} from './request.ts';
export type { Request, RequestFor, RequestHeader } from './request.ts';
export { decodeResponse, encodeResponse, encodeResponseInto } from './response.ts';
export type {
  ProduceRequest,
  ProduceRequestInput,
  ProduceResponse,
  ProduceResponseInput,
} from './messages/00-produce.ts';
export type {
  FetchRequest,
  FetchRequestInput,
  FetchResponse,
  FetchResponseInput,
} from './messages/01-fetch.ts';
export type {
  ListOffsetsRequest,
  ListOffsetsRequestInput,
  ListOffsetsResponse,
  ListOffsetsResponseInput,
} from './messages/02-list-offsets.ts';
export type {
  MetadataRequest,
  MetadataRequestInput,
  MetadataResponse,
  MetadataResponseInput,
} from './messages/03-metadata.ts';
export type {
  OffsetCommitRequest,
  OffsetCommitRequestInput,
  OffsetCommitResponse,
  OffsetCommitResponseInput,
} from './messages/08-offset-commit.ts';
export type {
  OffsetFetchRequest,
  OffsetFetchRequestInput,
  OffsetFetchResponse,
  OffsetFetchResponseInput,
} from './messages/09-offset-fetch.ts';
export type {
  FindCoordinatorRequest,
  FindCoordinatorRequestInput,
  FindCoordinatorResponse,
  FindCoordinatorResponseInput,
} from './messages/10-find-coordinator.ts';
export type {
  JoinGroupRequest,
  JoinGroupRequestInput,
  JoinGroupResponse,
  JoinGroupResponseInput,
} from './messages/11-join-group.ts';
export type {
  HeartbeatRequest,
  HeartbeatRequestInput,
  HeartbeatResponse,
  HeartbeatResponseInput,
} from './messages/12-heartbeat.ts';
export type {
  LeaveGroupRequest,
  LeaveGroupRequestInput,
  LeaveGroupResponse,
  LeaveGroupResponseInput,
} from './messages/13-leave-group.ts';
export type {
  SyncGroupRequest,
  SyncGroupRequestInput,
  SyncGroupResponse,
  SyncGroupResponseInput,
} from './messages/14-sync-group.ts';
export type {
  DescribeGroupsRequest,
  DescribeGroupsRequestInput,
  DescribeGroupsResponse,
  DescribeGroupsResponseInput,
} from './messages/15-describe-groups.ts';
export type {
  ListGroupsRequest,
  ListGroupsRequestInput,
  ListGroupsResponse,
  ListGroupsResponseInput,
} from './messages/16-list-groups.ts';
export type {
  SaslHandshakeRequest,
  SaslHandshakeRequestInput,
  SaslHandshakeResponse,
  SaslHandshakeResponseInput,
} from './messages/17-sasl-handshake.ts';
export type {
  ApiVersionsRequest,
  ApiVersionsRequestInput,
  ApiVersionsResponse,
  ApiVersionsResponseInput,
} from './messages/18-api-versions.ts';
export type {
  CreateTopicsRequest,
  CreateTopicsRequestInput,
  CreateTopicsResponse,
  CreateTopicsResponseInput,
} from './messages/19-create-topics.ts';
export type {
  DeleteTopicsRequest,
  DeleteTopicsRequestInput,
  DeleteTopicsResponse,
  DeleteTopicsResponseInput,
} from './messages/20-delete-topics.ts';
export type {
  DeleteRecordsRequest,
  DeleteRecordsRequestInput,
  DeleteRecordsResponse,
  DeleteRecordsResponseInput,
} from './messages/21-delete-records.ts';
export type {
  InitProducerIdRequest,
  InitProducerIdRequestInput,
  InitProducerIdResponse,
  InitProducerIdResponseInput,
} from './messages/22-init-producer-id.ts';
export type {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochRequestInput,
  OffsetForLeaderEpochResponse,
  OffsetForLeaderEpochResponseInput,
} from './messages/23-offset-for-leader-epoch.ts';
export type {
  DescribeAclsRequest,
  DescribeAclsRequestInput,
  DescribeAclsResponse,
  DescribeAclsResponseInput,
} from './messages/29-describe-acls.ts';
export type {
  CreateAclsRequest,
  CreateAclsRequestInput,
  CreateAclsResponse,
  CreateAclsResponseInput,
} from './messages/30-create-acls.ts';
export type {
  DeleteAclsRequest,
  DeleteAclsRequestInput,
  DeleteAclsResponse,
  DeleteAclsResponseInput,
} from './messages/31-delete-acls.ts';
export type {
  DescribeConfigsRequest,
  DescribeConfigsRequestInput,
  DescribeConfigsResponse,
  DescribeConfigsResponseInput,
} from './messages/32-describe-configs.ts';
export type {
  AlterConfigsRequest,
  AlterConfigsRequestInput,
  AlterConfigsResponse,
  AlterConfigsResponseInput,
} from './messages/33-alter-configs.ts';
export type {
  DescribeLogDirsRequest,
  DescribeLogDirsRequestInput,
  DescribeLogDirsResponse,
  DescribeLogDirsResponseInput,
} from './messages/35-describe-log-dirs.ts';
export type {
  SaslAuthenticateRequest,
  SaslAuthenticateRequestInput,
  SaslAuthenticateResponse,
  SaslAuthenticateResponseInput,
} from './messages/36-sasl-authenticate.ts';
export type {
  CreatePartitionsRequest,
  CreatePartitionsRequestInput,
  CreatePartitionsResponse,
  CreatePartitionsResponseInput,
} from './messages/37-create-partitions.ts';
export type {
  DeleteGroupsRequest,
  DeleteGroupsRequestInput,
  DeleteGroupsResponse,
  DeleteGroupsResponseInput,
} from './messages/42-delete-groups.ts';
export type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsRequestInput,
  IncrementalAlterConfigsResponse,
  IncrementalAlterConfigsResponseInput,
} from './messages/44-incremental-alter-configs.ts';
export type {
  ElectLeadersRequest,
  ElectLeadersRequestInput,
  ElectLeadersResponse,
  ElectLeadersResponseInput,
} from './messages/43-elect-leaders.ts';
export type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsRequestInput,
  AlterPartitionReassignmentsResponse,
  AlterPartitionReassignmentsResponseInput,
} from './messages/45-alter-partition-reassignments.ts';
export type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsRequestInput,
  ListPartitionReassignmentsResponse,
  ListPartitionReassignmentsResponseInput,
} from './messages/46-list-partition-reassignments.ts';
export type {
  OffsetDeleteRequest,
  OffsetDeleteRequestInput,
  OffsetDeleteResponse,
  OffsetDeleteResponseInput,
} from './messages/47-offset-delete.ts';
export type {
  DescribeClusterRequest,
  DescribeClusterRequestInput,
  DescribeClusterResponse,
  DescribeClusterResponseInput,
} from './messages/60-describe-cluster.ts';
export type {
  ListConfigResourcesRequest,
  ListConfigResourcesRequestInput,
  ListConfigResourcesResponse,
  ListConfigResourcesResponseInput,
} from './messages/74-list-config-resources.ts';
export { ErrorCodes, errorName, isRetriable } from './error-codes.ts';
export type { ErrorCode, ErrorName } from './error-codes.ts';
export { FrameSplitter } from './frame-splitter.ts';
export {
  assignBaseOffset,
  compressionOf,
  COMPRESSIONS,
  computeRecordBatchCrc,
  hasDeleteHorizon,
  isControlBatch,
  isRecordBatchIntact,
  isTransactionalBatch,
  lastOffsetOf,
  readRecordBatchHeader,
  recordBatches,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_PREFIX_BYTES,
  stampLogAppendTime,
  timestampTypeOf,
} from './records/record-batch.ts';
export type {
  Compression,
  RecordBatchHeader,
  RecordBatchSlice,
  TimestampType,
} from './records/record-batch.ts';
export { validateProducedRecords } from './records/produced-records.ts';
export type {
  ProducedRecordsCheck,
  ProducedRecordsError,
  ProducedRecordsLimits,
} from './records/produced-records.ts';
export type { CompressionCodecs } from './records/compression-codecs.ts';
export { decodeRecords, unpackRecords, UNPACKED_BYTES_MAX } from './records/record-decoding.ts';
export type { LogRecord, RecordHeader } from './records/record-decoding.ts';
export { encodeRecordBatch } from './records/record-encoding.ts';
export type { RecordBatchInput, RecordInput } from './records/record-encoding.ts';
export {
  decodeConsumerAssignment,
  decodeConsumerSubscription,
  encodeConsumerAssignment,
  encodeConsumerSubscription,
} from './messages/consumer-protocol.ts';
export type {
  ConsumerAssignment,
  ConsumerAssignmentInput,
  ConsumerSubscription,
  ConsumerSubscriptionInput,
} from './messages/consumer-protocol.ts';
