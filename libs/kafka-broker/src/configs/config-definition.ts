/** Types by their number in DescribeConfigs (Kafka: `ConfigDef.Type` as `ConfigType`). */
export const CONFIG_TYPES = {
  unknown: 0,
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
  dynamicLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const;

/** Kinds of text that a type alone does not describe. */
export type ConfigForm = 'throttledReplicas' | 'connectionLimits' | 'offsetReset';

/** What a value may be, beyond its type. */
export interface ConfigLimits {
  /** The only values allowed, of a string or of each list element. */
  readonly values?: readonly string[];
  readonly isAnyCase?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** A number allowed besides min to max. */
  readonly or?: number;
  readonly form?: ConfigForm;
}

export interface ConfigDefinition extends ConfigLimits {
  readonly name: string;
  readonly type: ConfigType;
  /** As Kafka writes it; null where Kafka has no value. */
  readonly defaultValue: string | null;
  readonly documentation: string;
  /** Accepted, but described only where it is set (Kafka: `ConfigDef.defineInternal`). */
  readonly isInternal?: boolean;
}

const INTEGER_LIMITS = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** Why `value` cannot be given to this config, in Kafka's words; undefined when it can. */
export function configProblem(definition: ConfigDefinition, value: string): string | undefined {
  const trimmed = value.trim();
  switch (definition.type) {
    case 'boolean':
      if (/^(true|false)$/i.test(trimmed)) return undefined;
      return problem(definition, value, 'Expected value to be either true or false');
    case 'int':
    case 'short':
    case 'long':
    case 'double':
      return numberProblem(definition, value);
    case 'list':
      return listProblem(definition, trimmed);
    default:
      return textProblem(definition, trimmed);
  }
}

function problem({ name }: ConfigDefinition, value: string, reason: string): string {
  return `Invalid value ${value} for configuration ${name}: ${reason}`;
}

function numberProblem(definition: ConfigDefinition, value: string): string | undefined {
  const { min, max, or } = definition;
  const number = parseNumber(definition.type, value.trim());
  if (number === undefined) {
    return problem(definition, value, `Not a number of type ${definition.type.toUpperCase()}`);
  }
  if (number === or) return undefined;
  if (
    or !== undefined &&
    min !== undefined &&
    max !== undefined &&
    !(number >= min && number <= max)
  ) {
    return problem(definition, value, `Value must be between ${min} and ${max} or equal to ${or}`);
  }
  if (min !== undefined && number < min) {
    return problem(definition, value, `Value must be at least ${min}`);
  }
  if (max !== undefined && number > max) {
    return problem(definition, value, `Value must be no more than ${max}`);
  }
  return undefined;
}

function parseNumber(type: ConfigType, text: string): number | undefined {
  if (type === 'double') {
    if (text === 'NaN') return NaN;
    return text === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
  }
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const number = BigInt(text.replace('+', ''));
  const [low, high] = INTEGER_LIMITS[type as keyof typeof INTEGER_LIMITS];
  return number < low || number > high ? undefined : Number(number);
}

function listProblem(definition: ConfigDefinition, text: string): string | undefined {
  const { name, values, form } = definition;
  const elements = text === '' ? [] : text.split(',').map((element) => element.trim());
  if (form === 'throttledReplicas') {
    const isFine =
      elements.length === 0 ||
      text === '*' ||
      elements.every((element) => /^[0-9]+:[0-9]+$/.test(element));
    if (isFine) return undefined;
    const allowed = `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`;
    return problem(definition, `[${elements.join(', ')}]`, allowed);
  }
  if (values === undefined) return undefined;
  // Java drops empty elements at the end of a list, and so a lone comma leaves one that is empty.
  if (elements.includes('')) return `Configuration '${name}' values must not be empty.`;
  const bad = elements.find((element) => !values.includes(element));
  if (bad === undefined) return undefined;
  return problem(definition, bad, `String must be one of: ${values.join(', ')}`);
}

function textProblem(definition: ConfigDefinition, text: string): string | undefined {
  const { values, form, isAnyCase } = definition;
  if (form === 'offsetReset' && !/^(earliest|latest|by_duration:P.+)$/.test(text)) {
    const allowed = `The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`;
    return problem(definition, text, allowed);
  }
  if (form === 'connectionLimits' && !/^(\s*[^,\s]+:\d+\s*(,|$))*$/.test(text)) {
    return `Error parsing configuration property '${definition.name}': allowed are address:count pairs with commas between them`;
  }
  if (values === undefined || values.includes(isAnyCase ? text.toUpperCase() : text)) {
    return undefined;
  }
  return problem(definition, text, `String must be one of: ${values.join(', ')}`);
}

/** A value as Kafka describes it once it is parsed: ` +5 ` is `5`, `a, b` is `a,b`. */
export function parsedText({ type }: ConfigDefinition, value: string): string {
  const text = value.trim();
  switch (type) {
    case 'boolean':
      return text.toLowerCase();
    case 'int':
    case 'short':
    case 'long':
      return /^[+-]?\d+$/.test(text) ? String(BigInt(text.replace('+', ''))) : text;
    case 'double': {
      // Java writes whole doubles with a decimal, and large ones with an E.
      const number = Number(text);
      return Number.isInteger(number) && Math.abs(number) < 1e7 ? `${number}.0` : doubleText(text);
    }
    case 'list':
      return listElements(text).join(',');
    default:
      return text;
  }
}

function doubleText(text: string): string {
  return text.startsWith('.') ? `0${text}` : text;
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
