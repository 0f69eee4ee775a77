/** Types by their number in DescribeConfigs (Kafka: `ConfigDef.Type` as `ConfigType`). */
export const CONFIG_TYPES = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
} as const;

export type ConfigType = keyof typeof CONFIG_TYPES;

/** Where a value comes from (Kafka: `ConfigSource`). */
export const CONFIG_SOURCES = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
} as const;

export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  /** As Kafka writes it; null where Kafka has no value. */
  readonly defaultValue: string | null;
  readonly documentation: string;
  /** The only values allowed, of a string or of each list element. */
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

const INTEGER_LIMITS = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** Why `value` cannot be given to this config, in Kafka's words; undefined when it can. */
export function configProblem(definition: ConfigDefinition, value: string): string | undefined {
  const reason = typeProblem(definition, value.trim());
  return reason === undefined
    ? undefined
    : `Invalid value ${value} for configuration ${definition.name}: ${reason}`;
}

function typeProblem(definition: ConfigDefinition, value: string): string | undefined {
  switch (definition.type) {
    case 'boolean':
      return /^(true|false)$/i.test(value)
        ? undefined
        : 'Expected value to be either true or false';
    case 'int':
    case 'short':
    case 'long': {
      if (!/^[+-]?\d+$/.test(value)) return `Not a number of type ${definition.type.toUpperCase()}`;
      const number = BigInt(value.replace('+', ''));
      const [low, high] = INTEGER_LIMITS[definition.type];
      if (number < low || number > high) {
        return `Not a number of type ${definition.type.toUpperCase()}`;
      }
      return rangeProblem(definition, Number(number));
    }
    case 'double':
      if (value === '' || Number.isNaN(Number(value))) return 'Not a number of type DOUBLE';
      return rangeProblem(definition, Number(value));
    case 'list': {
      const { values } = definition;
      const bad = values && listElements(value).find((element) => !values.includes(element));
      return bad === undefined ? undefined : `String must be one of: ${values?.join(', ')}`;
    }
    default:
      return definition.values && !definition.values.includes(value)
        ? `String must be one of: ${definition.values.join(', ')}`
        : undefined;
  }
}

function rangeProblem({ min, max }: ConfigDefinition, value: number): string | undefined {
  if (min !== undefined && value < min) return `Value must be at least ${min}`;
  if (max !== undefined && value > max) return `Value must be no more than ${max}`;
  return undefined;
}

/** The elements of a list config, which travels as text with commas. */
export function listElements(value: string): string[] {
  return value
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}

/** A number config's value; Kafka's Long.MAX_VALUE, "no limit", becomes Infinity. */
export function configNumber(value: string | null): number {
  const number = Number(value);
  return number >= Number.MAX_SAFE_INTEGER ? Infinity : number;
}
