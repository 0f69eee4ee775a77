// Harnesses for tests only. Production files never import this package.
export { eventually } from './eventually.ts';
export { externalTool } from './processes/external-tool.ts';
export { FaultProxy } from './faults/fault-proxy.ts';
export { GraphqlClient } from './graphql-client.ts';
export { freePort } from './processes/free-port.ts';
export { type OwnPipelines, ownPipelines } from './processes/own-pipelines.ts';
export { ManagedProcess, run } from './processes/managed-process.ts';
export { Penstock, startPenstock, type PenstockOptions } from './processes/penstock.ts';
export { ProduceFaultProxy, type ProduceFault } from './faults/produce-fault-proxy.ts';
export { SeededRandom } from './random.ts';
export { answersPing, startRedis } from './processes/redis.ts';
export { repositoryRoot } from './repository.ts';
export { startSupervised, type Supervised } from './processes/supervised.ts';
export { FakeClock, settled } from './broker/fake-clock.ts';
export { TestBroker } from './broker/test-broker.ts';
export { WireClient } from './broker/wire-client.ts';
export {
  batch,
  createTopic,
  createTopics,
  type NewTopic,
  fetchBody,
  fetchRecords,
  metadataBody,
  produce,
  produceBody,
} from './broker/requests.ts';
export { GroupTrace, type TraceTarget } from './recordings/group-trace.ts';
export { MemoryMetadataStore } from './broker/memory-metadata-store.ts';
export { formatCase, parseRecording, Replay } from './recordings/recorded-answers.ts';
export {
  auditLedger,
  Ledger,
  type LedgerRecord,
  type LedgerRules,
  type LedgerVerdict,
} from './ledger.ts';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
export { expositionProblems } from './metrics/exposition-problems.ts';
