// What a process without Nest needs of this library. It loads neither Nest nor the clients of Redis
// and Kafka, which would cost the embedded broker most of its start time and of its memory.
export {
  INTERNAL_HOST,
  readBrokerPorts,
  writeBrokerPorts,
  type BrokerPorts,
} from './configuration/broker-addresses.ts';
export { loadConfig, type Config, type Durability } from './configuration/config.ts';
export { ConfigError } from './configuration/config-error.ts';
export { settingVariable } from './configuration/kafka-settings.ts';
export { databaseFile, databaseFiles } from './database/databases.ts';
export { announceReady } from './lifecycle/announce-ready.ts';
export { onShutdown } from './lifecycle/shutdown.ts';
export { StopSteps } from './lifecycle/stop-steps.ts';
export { single, type MetricFamily, type MetricSample } from './metrics/metric-family.ts';
export { answerMetrics } from './metrics/metrics-exchange.ts';
export { ProcessFigures } from './metrics/process-figures.ts';
export { createLogger, type PinoLogger } from './logging/logger.ts';
