import { BROKER_CONFIGS } from './broker-config-table.ts';
import { configProblem } from './config-definition.ts';
import { missingProtection, type BrokenRule } from './missing-protections.ts';

type ValueOf = (name: string) => string | null;

/** Rules between values of the broker (Kafka: `AbstractKafkaConfig.validateValues`). */
export function brokerValuesProblem(value: ValueOf): BrokenRule | undefined {
  for (const setting of ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours']) {
    if (Number(value(setting) ?? -1) === 0) {
      const message = `requirement failed: ${setting} must be unlimited (-1) or, greater than or equal to 1`;
      return { setting, message };
    }
  }
  const roll = value('log.roll.ms');
  if (roll !== null && Number(roll) < 1) {
    return {
      setting: 'log.roll.ms',
      message: 'requirement failed: log.roll.ms must be greater than or equal to 1',
    };
  }
  const jitter = value('log.roll.jitter.ms');
  if (jitter !== null && Number(jitter) < 0) {
    const message = 'requirement failed: log.roll.jitter.ms must be greater than or equal to 0';
    return { setting: 'log.roll.jitter.ms', message };
  }
  return undefined;
}

const SECURITY_OF_A_LISTENER =
  /^ssl\.(truststore|keystore|key)\.(type|key|password|certificate\.chain|certificates|location)$|^ssl\.key\.password$/;

/** Threads may be halved or doubled at a time (Kafka: `DynamicThreadPool`). */
const THREADS = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
  'log.cleaner.threads',
];

/**
 * Why the settings of the broker, or of the whole cluster, cannot be these at run time; undefined
 * when they can (Kafka: `DynamicBrokerConfig.validate`). Unknown names are for plug-ins and pass.
 * @param now what counts at present
 */
export function dynamicValuesProblem(
  values: ReadonlyMap<string, string>,
  scope: 'broker' | 'cluster',
  now: ValueOf,
): string | undefined {
  const names = [...values.keys()];
  const fixed = names.filter((name) => BROKER_CONFIGS.get(name)?.dynamic === 'no');
  if (fixed.length > 0) return `Cannot update these configs dynamically: [${fixed.join(', ')}]`;
  const secret = names.filter((name) => SECURITY_OF_A_LISTENER.test(name));
  if (secret.length > 0) {
    return `These security configs can be dynamically updated only per-listener using the listener prefix: [${secret.join(', ')}]`;
  }
  const ofOneBroker = names.filter((name) => BROKER_CONFIGS.get(name)?.dynamic === 'broker');
  if (scope === 'cluster' && ofOneBroker.length > 0) {
    return `Cannot update these configs at default cluster level, broker id must be specified: [${ofOneBroker.join(', ')}]`;
  }
  for (const [name, value] of values) {
    const definition = BROKER_CONFIGS.get(name);
    const problem = definition && configProblem(definition, value);
    if (problem !== undefined) return problem;
    if (name === 'listeners' && value !== now(name)) {
      return 'The listeners of this broker are set at its start.';
    }
    const threads = THREADS.includes(name)
      ? threadsProblem(name, Number(value), Number(now(name)))
      : undefined;
    if (threads !== undefined) return threads;
  }
  const changed = [...values].filter(([name, value]) => value !== now(name));
  const broken =
    missingProtection(changed) ?? brokerValuesProblem((name) => values.get(name) ?? null);
  return broken?.message;
}

function threadsProblem(name: string, threads: number, current: number): string | undefined {
  const failed = `Dynamic thread count update validation failed for ${name}=${threads}`;
  if (threads > current * 2) {
    return `${failed}, value should not be greater than double the current value ${current}`;
  }
  if (threads < current / 2) {
    return `${failed}, value should be at least half the current value ${current}`;
  }
  return undefined;
}
