import { ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { Refusal } from '../metadata/refusal.ts';
import { CONFIG_SOURCES } from './config-definition.ts';
import { OPERATIONS, refusal, type ConfigChange, type DescribedConfig } from './config-target.ts';

const LEVELS = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN'];
const ROOT = 'root';

/** There is one logger here, which Kafka calls root. */
export function describeLoggers({ logLevel }: BrokerContext): DescribedConfig[] {
  return [
    {
      name: ROOT,
      type: 'unknown',
      documentation: '',
      value: logLevel.get().toUpperCase(),
      source: CONFIG_SOURCES.dynamicLogger,
      readOnly: false,
      isSensitive: false,
      synonyms: [],
    },
  ];
}

/** Kafka: `ConfigAdminManager.validateLogLevelConfigs`. */
export function loggersProblem(changes: readonly ConfigChange[]): Refusal | undefined {
  for (const { name, operation, value } of changes) {
    if (operation === OPERATIONS.append || operation === OPERATIONS.subtract) {
      const which = operation === OPERATIONS.append ? 'APPEND' : 'SUBTRACT';
      const message = `${which} operation is not allowed for the BROKER_LOGGER resource`;
      return refusal(ErrorCodes.INVALID_REQUEST, message);
    }
    if (name !== ROOT) {
      return refusal(ErrorCodes.INVALID_CONFIG, `Logger ${name} does not exist!`);
    }
    if (operation === OPERATIONS.delete) {
      const message = 'Removing the log level of the root logger is not allowed';
      return refusal(ErrorCodes.INVALID_REQUEST, message);
    }
    if (value === null || !LEVELS.includes(value)) {
      const message = `Cannot set the log level of ${name} to ${value} as it is not a supported log level. Valid log levels are ${LEVELS.join(', ')}`;
      return refusal(ErrorCodes.INVALID_CONFIG, message);
    }
  }
  return undefined;
}

export function changeLogLevel(
  { logLevel }: BrokerContext,
  changes: readonly ConfigChange[],
): void {
  for (const { value } of changes) if (value !== null) logLevel.set(value.toLowerCase());
}
