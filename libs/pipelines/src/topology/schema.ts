/**
 * Anything that turns a decoded value into a typed one, or refuses it: zod, valibot, ArkType and
 * others by the Standard Schema interface (https://standardschema.dev), an object with `parse`,
 * or a function. It refuses by throwing, or with Standard Schema's `issues`.
 */
export type Schema<Value> =
  StandardSchema<Value> | { parse(input: unknown): Value } | ((input: unknown) => Value);

/** The part of Standard Schema v1 that is used here. */
export interface StandardSchema<Value> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    validate(input: unknown): StandardResult<Value> | Promise<StandardResult<Value>>;
    readonly types?: { readonly input: unknown; readonly output: Value } | undefined;
  };
}

type StandardResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> };

interface StandardIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** A value did not fit the schema of its source. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

export type Parse = (input: unknown) => unknown;

/** Turns any kind of schema into a function, which may return a promise; null for anything else. */
export function toParse(schema: unknown): Parse | null {
  if (hasStandard(schema)) {
    const { validate } = schema['~standard'];
    return (input) => {
      const result = validate(input);
      return result instanceof Promise ? result.then(unwrap) : unwrap(result);
    };
  }
  if (typeof schema === 'function') {
    return schema as Parse;
  }
  if (typeof schema === 'object' && schema !== null && 'parse' in schema) {
    const { parse } = schema;
    return typeof parse === 'function' ? (input) => parse.call(schema, input) as unknown : null;
  }
  return null;
}

function hasStandard(schema: unknown): schema is StandardSchema<unknown> {
  return (
    (typeof schema === 'object' || typeof schema === 'function') &&
    schema !== null &&
    '~standard' in schema
  );
}

const ISSUES_SHOWN = 3;

function unwrap(result: StandardResult<unknown>): unknown {
  if (result.issues === undefined) {
    return result.value;
  }
  const shown = result.issues.slice(0, ISSUES_SHOWN).map(({ message, path }) => {
    const keys = (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
  });
  throw new SchemaError(shown.join('; '));
}
