export { withBrokerPorts } from './configuration/broker-addresses.ts';
export {
  Config,
  loadConfig,
  type Durability,
  type Environment,
  type LogLevel,
} from './configuration/config.ts';
export { OWN_SEGMENTS, parsePublicPath } from './configuration/http-addresses.ts';
export { VARIABLES, type Variable } from './configuration/variables.ts';
export {
  ControlDatabase,
  migrateControlDatabase,
  waitForControlDatabase,
} from './database/control-database.ts';
export { asDatabaseProblem } from './database/database-problem.ts';
export { startPatiently } from './database/start-patience.ts';
export { logSurvived } from './database/log-survived.ts';
export { WriteQueue } from './database/write-queue.ts';
export { DatabaseWatcher } from './database/database-watcher.ts';
export { Health, type HealthIndicator, type HealthReport } from './health/health.ts';
export {
  KafkaClients,
  type BytesConsumer,
  type BytesProducer,
  type ConsumerSettings,
  type ProducerSettings,
} from './kafka/kafka-clients.ts';
export { partitionForKey } from './kafka/partitioner.ts';
export { announceReady, onSupervisorMessage, tellSupervisor } from './lifecycle/announce-ready.ts';
export { failStart } from './lifecycle/fail-start.ts';
export { onShutdown } from './lifecycle/shutdown.ts';
export { StopSteps } from './lifecycle/stop-steps.ts';
export { Logger, createLogger, type PinoLogger } from './logging/logger.ts';
export {
  exposition,
  EXPOSITION_TYPE,
  single,
  type MetricFamily,
  type MetricSample,
} from './metrics/metric-family.ts';
export { answerMetrics, collectMetrics } from './metrics/metrics-exchange.ts';
export { Metrics, type Counter, type Gauge, type Histogram } from './metrics/metrics.ts';
export { PlatformModule, type PlatformOptions } from './platform.module.ts';
export { repositoryFolder } from './repository-folder.ts';
export { maskSecrets } from './secrets/secrets.ts';
export type { RedisProblem } from './redis/redis-problem.ts';
export { RedisConnection } from './redis/redis-connection.ts';
