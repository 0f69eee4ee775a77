import { BROKER_CONFIGS, type BrokerConfigDefinition } from './broker-config-table.ts';
import { CONFIG_SOURCES, configNumber, configProblem } from './config-definition.ts';

/** A value with the place it comes from, as DescribeConfigs lists them, most specific first. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** A setting was given a name or a value that the broker cannot run with. */
export class BrokerConfigError extends Error {
  override readonly name = 'BrokerConfigError';
}

/**
 * The broker's settings by Kafka's names. The value of a name is the first of: changed at run time
 * for this broker (kept in the metadata store), given at the start, Kafka's default.
 */
export class BrokerConfigs {
  readonly #static: ReadonlyMap<string, string>;
  readonly #dynamic = new Map<string, string>();

  /**
   * @param given settings of the start, by Kafka's names
   * @throws BrokerConfigError for a value that its setting does not take
   */
  constructor(given: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(given)) {
      const definition = BROKER_CONFIGS.get(name);
      const problem = definition && configProblem(definition, value);
      if (problem !== undefined) throw new BrokerConfigError(problem);
    }
    this.#static = new Map(Object.entries(given));
  }

  /** Values changed at run time; replaces all of them. */
  setDynamic(values: ReadonlyMap<string, string>): void {
    this.#dynamic.clear();
    for (const [name, value] of values) this.#dynamic.set(name, value);
  }

  get dynamic(): ReadonlyMap<string, string> {
    return this.#dynamic;
  }

  value(name: string): string | null {
    return this.synonyms(name)[0]?.value ?? null;
  }

  /** A numeric setting; "no limit" is Infinity. */
  number(name: string): number {
    return configNumber(this.value(name));
  }

  isOn(name: string): boolean {
    return this.value(name)?.toLowerCase() === 'true';
  }

  /** All places that give a value to this setting, the one that counts first. */
  synonyms(name: string): ConfigSynonym[] {
    const found: ConfigSynonym[] = [];
    const dynamic = this.#dynamic.get(name);
    if (dynamic !== undefined) {
      found.push({ name, value: dynamic, source: CONFIG_SOURCES.dynamicBroker });
    }
    const given = this.#static.get(name);
    if (given !== undefined) {
      found.push({ name, value: given, source: CONFIG_SOURCES.staticBroker });
    }
    const definition = BROKER_CONFIGS.get(name);
    if (definition && definition.defaultValue !== null) {
      found.push({ name, value: definition.defaultValue, source: CONFIG_SOURCES.default });
    }
    return found;
  }

  definitions(): Iterable<BrokerConfigDefinition> {
    return BROKER_CONFIGS.values();
  }
}
