import { ConfigError } from './config-error.ts';
import { elementsOf } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Variables that begin like settings and are none: ours, and those that Apache Kafka's container
 * image keeps from its settings (`kafka.docker.Constants.ExcludeServerPropsEnv`).
 */
const NO_SETTINGS = new Set([
  'KAFKA_BOOTSTRAP_SERVERS',
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
  'KAFKA_VERSION',
]);

const PREFIX = 'KAFKA_';

/**
 * Settings of the embedded broker by Kafka's names, from the variables that begin with KAFKA_.
 * Values are not looked at here: the broker knows what it takes.
 */
export function kafkaSettings(env: Environment): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || NO_SETTINGS.has(variable) || !value) continue;
    settings[settingName(variable)] = value;
  }
  return settings;
}

/**
 * `num.partitions` of KAFKA_NUM_PARTITIONS, as Apache Kafka's container image does it: from the left,
 * three underscores are a dash, two an underscore, one a dot.
 */
export function settingName(variable: string): string {
  const marks: Readonly<Record<string, string>> = { ___: '-', __: '_', _: '.' };
  return variable
    .slice(PREFIX.length)
    .toLowerCase()
    .replaceAll(/___|__|_/g, (underscores) => marks[underscores] ?? underscores);
}

/** The variable that gives a setting: the inverse of `settingName`. */
export function settingVariable(name: string): string {
  const marks: Readonly<Record<string, string>> = { '-': '___', _: '__', '.': '_' };
  return PREFIX + name.replaceAll(/[-_.]/g, (mark) => marks[mark] ?? mark).toUpperCase();
}

export interface KafkaListener {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly advertisedHost: string | undefined;
  readonly advertisedPort: number | undefined;
}

/**
 * Where `listeners` and `advertised.listeners` say to listen and to be reached. The broker has one
 * listener: the first that is not for controllers.
 * @throws ConfigError for what is no listener, and for one with TLS or SASL: silently serving it
 *   without would be worse than not starting
 */
export function kafkaListener(settings: Readonly<Record<string, string>>): KafkaListener {
  const controllers = new Set(elementsOf(settings['controller.listener.names']));
  const listeners = parseListeners('listeners', settings);
  const data = listeners.find(({ name }) => !controllers.has(name));
  if (data) checkIsPlain(data.name, settings);
  const advertised = parseListeners('advertised.listeners', settings);
  const reached = advertised.find(({ name }) => name === data?.name) ?? advertised[0];
  if (reached) checkIsPlain(reached.name, settings);
  return {
    // No host means every address, as in Kafka.
    host: data && (data.host === '' ? '0.0.0.0' : data.host),
    port: data?.port,
    advertisedHost: reached?.host === '' ? undefined : reached?.host,
    advertisedPort: reached?.port,
  };
}

interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const LISTENER = /^([A-Za-z0-9_-]+):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:/\s]*)):(\d{1,5})$/;

function parseListeners(setting: string, settings: Readonly<Record<string, string>>): Listener[] {
  const text = settings[setting];
  return elementsOf(text).map((element) => {
    const match = LISTENER.exec(element);
    const port = Number(match?.[4]);
    if (!match || port > 65_535) {
      const allowed = 'NAME://host:port, several separated by commas';
      throw new ConfigError(settingVariable(setting), text ?? '', allowed);
    }
    return { name: (match[1] ?? '').toUpperCase(), host: match[2] ?? match[3] ?? '', port };
  });
}

function checkIsPlain(name: string, settings: Readonly<Record<string, string>>): void {
  const map = elementsOf(settings['listener.security.protocol.map']).map((pair) => pair.split(':'));
  const protocol = map.find(([listener]) => listener?.toUpperCase() === name)?.[1] ?? name;
  const isKnown = map.length > 0 || PROTOCOLS.has(name);
  if (protocol.toUpperCase() === 'PLAINTEXT' || !isKnown) return;
  const allowed = 'listeners of the protocol PLAINTEXT: TLS and SASL are not built';
  throw new ConfigError('KAFKA_LISTENERS', `${name} (${protocol})`, allowed);
}

const PROTOCOLS = new Set(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']);
