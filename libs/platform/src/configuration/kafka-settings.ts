import { ConfigError } from './config-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Variables that begin like settings but are not: ours, and those that Apache Kafka's container
 * image does not turn into settings (`kafka.docker.Constants.ExcludeServerPropsEnv`).
 */
const OF_A_JVM = [
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_HEAP_OPTS',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_OPTS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
];
const NO_SETTINGS = new Set(['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_VERSION', ...OF_A_JVM]);

const PREFIX = 'KAFKA_';
/** The prefix in Bitnami's container image. */
const OTHER_PREFIX = 'KAFKA_CFG_';

/**
 * Settings of the embedded broker by Kafka's names, from the variables that begin with KAFKA_.
 * Values are not looked at here: the broker knows what it takes.
 * @throws ConfigError for a setting that is given twice, with different values
 */
export function kafkaSettings(env: Environment): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || NO_SETTINGS.has(variable) || !value) continue;
    const name = settingName(variable);
    const other = settings[name];
    if (other !== undefined && other !== value) {
      const allowed = `one value: ${settingVariable(name)} and ${OTHER_PREFIX}… give it twice`;
      throw new ConfigError(variable, value, allowed);
    }
    settings[name] = value;
  }
  return settings;
}

/**
 * `num.partitions` of KAFKA_NUM_PARTITIONS, as Apache Kafka's container image does it: from the
 * left, three underscores are a dash, two an underscore, one a dot.
 */
export function settingName(variable: string): string {
  const marks: Readonly<Record<string, string>> = { ___: '-', __: '_', _: '.' };
  const prefix = variable.startsWith(OTHER_PREFIX) ? OTHER_PREFIX : PREFIX;
  return variable
    .slice(prefix.length)
    .toLowerCase()
    .replaceAll(/___|__|_/g, (underscores) => marks[underscores] ?? underscores);
}

/** The variable that gives a setting: the inverse of `settingName`. */
export function settingVariable(name: string): string {
  const marks: Readonly<Record<string, string>> = { '-': '___', _: '__', '.': '_' };
  return PREFIX + name.replaceAll(/[-_.]/g, (mark) => marks[mark] ?? mark).toUpperCase();
}

/** JVM options that turn on authentication or encryption. */
const PROTECTION_BY_JVM = /java\.security|javax\.net\.ssl|jaas|krb5|sasl/i;

/**
 * What options of a JVM mean here.
 * @returns a sentence for those that are set and have no effect
 * @throws ConfigError when they ask for authentication or encryption, which is not built
 */
export function jvmNotices(env: Environment): string[] {
  const given = OF_A_JVM.filter((variable) => env[variable]);
  for (const variable of given) {
    const value = env[variable] ?? '';
    if (PROTECTION_BY_JVM.test(value)) {
      throw new ConfigError(variable, value, 'nothing about TLS or SASL, which are not built');
    }
  }
  if (given.length === 0) return [];
  return [`there is no JVM here, so these have no effect: ${given.join(', ')}`];
}
