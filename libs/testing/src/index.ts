// Harnesses for tests only. Production files never import this package.
export { eventually, type EventuallyOptions } from './eventually.ts';
export { externalTool } from './processes/external-tool.ts';
export { FaultProxy, type FaultProxyOptions, type ProxyFaults } from './faults/fault-proxy.ts';
export {
  GraphqlClient,
  Received,
  type GraphqlAnswer,
  type GraphqlProblem,
} from './graphql-client.ts';
export { freePort } from './processes/free-port.ts';
export {
  ManagedProcess,
  run,
  type ManagedProcessOptions,
  type ProcessExit,
} from './processes/managed-process.ts';
export {
  Penstock,
  startPenstock,
  type AppName,
  type PenstockOptions,
} from './processes/penstock.ts';
export { SeededRandom } from './random.ts';
export { answersPing, startRedis, type RedisOptions, type RedisServer } from './processes/redis.ts';
export { repositoryRoot } from './repository.ts';
export {
  startSupervised,
  type Supervised,
  type SupervisedOptions,
} from './processes/supervised.ts';
export { FakeClock, settled } from './broker/fake-clock.ts';
export { TestBroker, type TestBrokerOptions } from './broker/test-broker.ts';
export { WireClient } from './broker/wire-client.ts';
export {
  batch,
  createTopic,
  fetchBody,
  fetchRecords,
  metadataBody,
  produce,
  produceBody,
  type FetchOptions,
} from './broker/requests.ts';
export { GroupTrace, type TraceTarget } from './recordings/group-trace.ts';
export { MemoryMetadataStore } from './broker/memory-metadata-store.ts';
export {
  formatCase,
  parseRecording,
  Replay,
  type RecordedCase,
  type Recording,
} from './recordings/recorded-answers.ts';
export {
  auditLedger,
  Ledger,
  type Acknowledged,
  type LedgerRecord,
  type LedgerRules,
  type LedgerVerdict,
  type Reading,
} from './ledger.ts';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
