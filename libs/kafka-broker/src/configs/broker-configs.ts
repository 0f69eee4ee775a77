import { BROKER_CONFIGS, type BrokerConfigDefinition } from './broker-config-table.ts';
import { brokerValuesProblem } from './broker-config-rules.ts';
import { missingProtection } from './missing-protections.ts';
import { CONFIG_SOURCES, configNumber, configProblem } from './config-definition.ts';

/** A value with the place it comes from, as DescribeConfigs lists them, most specific first. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** A setting was given a value that the broker cannot run with. */
export class BrokerConfigError extends Error {
  override readonly name = 'BrokerConfigError';
  /** The setting by Kafka's name. */
  readonly setting: string;

  constructor(setting: string, message: string) {
    super(message);
    this.setting = setting;
  }
}

/** Settings that give one thing in different units, the one that counts first in front. */
const ALTERNATIVES: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
  ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
];

const ALTERNATIVES_OF = new Map(
  ALTERNATIVES.flatMap((names) => names.map((name) => [name, names])),
);

type Values = ReadonlyMap<string, string>;
const NONE: Values = new Map();

/**
 * The broker's settings by Kafka's names. The value of a name is the first of: changed at run time
 * for this broker, changed at run time for the whole cluster (both kept in the metadata store),
 * given at the start, Kafka's default.
 */
export class BrokerConfigs {
  #static: Values;
  #ofBroker: Values = NONE;
  #ofCluster: Values = NONE;
  readonly #listeners = new Set<() => void>();

  /**
   * @param given settings of the start, by Kafka's names; names that Kafka does not know are kept
   * @throws BrokerConfigError for a value that its setting does not take
   */
  constructor(given: Readonly<Record<string, string>> = {}) {
    this.#static = new Map(Object.entries(given));
    for (const [name, value] of this.#static) {
      const definition = BROKER_CONFIGS.get(name) ?? listenerLimit(name);
      const problem = definition && configProblem(definition, value);
      if (problem !== undefined) throw new BrokerConfigError(name, problem);
    }
    const broken =
      missingProtection(this.#static) ?? brokerValuesProblem((name) => this.value(name));
    if (broken) throw new BrokerConfigError(broken.setting, broken.message);
  }

  /**
   * Sets values that the given settings cannot change: the port listened on, the folder, the node's
   * id.
   */
  state(facts: Readonly<Record<string, string>>): void {
    this.#static = new Map([...this.#static, ...Object.entries(facts)]);
  }

  /** Values changed at run time; replaces all of them and tells those who listen. */
  setDynamic(values: { readonly ofBroker: Values; readonly ofCluster: Values }): void {
    this.#ofBroker = values.ofBroker;
    this.#ofCluster = values.ofCluster;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after every change at run time. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  get ofBroker(): Values {
    return this.#ofBroker;
  }

  get ofCluster(): Values {
    return this.#ofCluster;
  }

  /** The value that counts; null where there is none, not even a default. */
  value(name: string): string | null {
    return (
      this.#ofBroker.get(name) ??
      this.#ofCluster.get(name) ??
      this.#static.get(name) ??
      BROKER_CONFIGS.get(name)?.defaultValue ??
      null
    );
  }

  /**
   * The value that is described: Kafka takes a setting for unset once another for the same thing
   * was changed at run time.
   */
  describedValue(name: string): string | null {
    const isChanged = (each: string) => this.#ofBroker.has(each) || this.#ofCluster.has(each);
    const others = ALTERNATIVES_OF.get(name)?.filter((each) => each !== name) ?? [];
    if (isChanged(name) || !others.some(isChanged)) return this.value(name);
    return BROKER_CONFIGS.get(name)?.defaultValue ?? null;
  }

  /** A numeric setting; "no limit" is Infinity. */
  number(name: string): number {
    return configNumber(this.value(name));
  }

  isOn(name: string): boolean {
    return this.value(name)?.trim().toLowerCase() === 'true';
  }

  /**
   * All places that give a value to this setting, the one that counts first. As in Kafka
   * (`ConfigHelper.configSynonyms`) settings of the same thing in other units follow, and nothing
   * is listed before this setting's own first value.
   */
  synonyms(name: string): ConfigSynonym[] {
    const names = ALTERNATIVES_OF.get(name) ?? [name];
    const found: ConfigSynonym[] = [];
    for (const { source, get } of this.#layers()) {
      for (const each of names) {
        const value = get(each);
        if (value !== undefined) found.push({ name: each, value, source });
      }
    }
    const own = found.findIndex((synonym) => synonym.name === name);
    return own === -1 ? [] : found.slice(own);
  }

  /** The value of the first of `names` that has one in the most specific place, and that place. */
  firstOf(names: readonly string[]): ConfigSynonym | undefined {
    for (const { source, get } of this.#layers()) {
      for (const name of names) {
        const value = get(name);
        if (value !== undefined) return { name, value, source };
      }
    }
    return undefined;
  }

  #layers(): { source: number; get: (name: string) => string | undefined }[] {
    return [
      { source: CONFIG_SOURCES.dynamicBroker, get: (name) => this.#ofBroker.get(name) },
      { source: CONFIG_SOURCES.dynamicDefaultBroker, get: (name) => this.#ofCluster.get(name) },
      { source: CONFIG_SOURCES.staticBroker, get: (name) => this.#static.get(name) },
      {
        source: CONFIG_SOURCES.default,
        get: (name) => BROKER_CONFIGS.get(name)?.defaultValue ?? undefined,
      },
    ];
  }

  definitions(): Iterable<BrokerConfigDefinition> {
    return BROKER_CONFIGS.values();
  }

  /** Settings given at the start whose names Kafka does not know. */
  get unknownNames(): string[] {
    return [...this.#static.keys()].filter((name) => !isKnownSetting(name));
  }

  /** Settings given at the start on which nothing depends here. */
  get namesWithoutEffect(): string[] {
    return settingsWithoutEffect(this.#static);
  }
}

/** Given settings that nothing depends on here, unless the value is Kafka's default. */
export function settingsWithoutEffect(given: ReadonlyMap<string, string>): string[] {
  return [...given].flatMap(([name, value]) => {
    const definition = BROKER_CONFIGS.get(name);
    const isIdle = definition?.acts === false && value.trim() !== definition.defaultValue;
    return isIdle || isOfAListener(name) ? [name] : [];
  });
}

/** What one listener may have besides the broker, by its name in lower case. */
const LISTENER_LIMITS: readonly string[] = ['max.connections', 'max.connection.creation.rate'];

const OF_A_LISTENER = /^listener\.name\.([^.]+)\.(.+)$/;

/** The setting of the broker that this one narrows for a listener. */
function listenerLimit(name: string): BrokerConfigDefinition | undefined {
  const limit = OF_A_LISTENER.exec(name)?.[2] ?? '';
  return LISTENER_LIMITS.includes(limit) ? BROKER_CONFIGS.get(limit) : undefined;
}

function isOfAListener(name: string): boolean {
  return OF_A_LISTENER.test(name) && listenerLimit(name) === undefined;
}

/** Kafka's own settings, and those of one listener. */
function isKnownSetting(name: string): boolean {
  return BROKER_CONFIGS.has(name) || name.startsWith('listener.name.');
}
