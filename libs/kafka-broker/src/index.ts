export { Broker, type BrokerOptions } from './broker.ts';
export type { BrokerContext } from './broker-context.ts';
export type { AdvertisedAddress, ListenerOptions, OpenListener } from './network/listeners.ts';
export { BrokerConfigError } from './configs/broker-configs.ts';
export type { LogLevel } from './configs/log-level.ts';
export type { BrokerMetrics } from './metrics.ts';
export { receiveInto } from './network/socket-receiver.ts';
export { DataIdentityFile } from './metadata/data-identity.ts';
export {
  recoverTopics,
  type RecoveredTopic,
  type TopicRecoveryInput,
} from './metadata/topic-recovery.ts';
export type {
  GroupChange,
  MetadataStore,
  StoredGroup,
  StoredMember,
  StoredMetadata,
  StoredOffset,
  StoredTopic,
} from './metadata/metadata-store.ts';
