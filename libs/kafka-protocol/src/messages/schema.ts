/**
 * The words in which messages are declared. One declaration covers every version of a message, as
 * in Apache Kafka's own message definitions: a field says in which versions it exists, in which it
 * may be null, and by which tag it travels. `codec.ts` compiles a declaration for one version.
 *
 * TypeScript types follow from the declarations: `Decoded` is what decoding gives (every field is
 * there; one that its version lacks has its default), `Encodable` is what encoding takes (fields
 * with a declared default, and tagged ones, may be left out). A value given for a field that the
 * version lacks is dropped.
 */

import type { RecordsInput } from '../bytes/writer.ts';

/** Inclusive. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export type PrimitiveType =
  'bool' | 'int8' | 'int16' | 'int32' | 'int64' | 'uuid' | 'string' | 'bytes' | 'records';

export type FieldType =
  | { readonly kind: PrimitiveType }
  | { readonly kind: 'array'; readonly element: FieldType }
  | { readonly kind: 'struct'; readonly fields: Fields };

/** One field. `Out` is its decoded type, `In` what may be given to encode it. */
export interface Field<out Out = unknown, out In = unknown> {
  readonly type: FieldType;
  readonly versions: VersionRange;
  /** Versions in which null is allowed. */
  readonly nullable: VersionRange | undefined;
  /** Number of the tag under which the field travels in flexible versions. */
  readonly tag: number | undefined;
  /** Value when absent; undefined stands for the zero of the type. */
  readonly default: unknown;
  /** Carries the types only; never set. */
  readonly types?: { readonly decoded: Out; readonly encodable: In };
}

export interface Fields {
  readonly [name: string]: Field;
}

export interface FieldOptions {
  /** `'3+'`, `'0-7'` or `'4'`; all versions when left out. */
  readonly versions?: string;
  readonly nullable?: string;
  readonly tag?: number;
  readonly default?: unknown;
}

export type Decoded<F extends Fields> = {
  [Name in keyof F]: F[Name] extends Field<infer Out, unknown> ? Out : never;
};

type EncodableField<F> = F extends Field<unknown, infer In> ? In : never;
type OptionalName<F extends Fields> = {
  [Name in keyof F]: undefined extends EncodableField<F[Name]> ? Name : never;
}[keyof F];

export type Encodable<F extends Fields> = {
  readonly [Name in Exclude<keyof F, OptionalName<F>>]: EncodableField<F[Name]>;
} & { readonly [Name in OptionalName<F>]?: EncodableField<F[Name]> };

type Nullable<T, O> = O extends { nullable: string } ? T | null : T;
type Optional<T, O> = O extends { default: unknown } | { tag: number } ? T | undefined : T;
type FieldOf<Out, In, O> = Field<Nullable<Out, O>, Optional<Nullable<In, O>, O>>;

function primitive<Out, In = Out>(kind: PrimitiveType) {
  return <const O extends FieldOptions = Record<never, never>>(options?: O): FieldOf<Out, In, O> =>
    field({ kind }, options);
}

export const bool = primitive<boolean>('bool');
export const int8 = primitive<number>('int8');
export const int16 = primitive<number>('int16');
export const int32 = primitive<number>('int32');
/** As number: exact up to 2^53, see bytes/int64.ts. */
export const int64 = primitive<number>('int64');
/** As lower-case 8-4-4-4-12 text. */
export const uuid = primitive<string>('uuid');
export const string = primitive<string>('string');
/** Decoded as a copy, which may be kept. */
export const bytes = primitive<Buffer, Uint8Array>('bytes');

/**
 * Record batches. Decoded as a view of the received buffer, not copied; encoded from one buffer,
 * several, or a source that reads straight into the message.
 */
export const records = primitive<Buffer, RecordsInput>('records');

/** An array of structs. */
export function array<F extends Fields, const O extends FieldOptions = Record<never, never>>(
  fields: F,
  options?: O,
): FieldOf<Decoded<F>[], readonly Encodable<F>[], O> {
  return field({ kind: 'array', element: { kind: 'struct', fields } }, options);
}

/** An array of a primitive type: `arrayOf(int32())`. */
export function arrayOf<Out, In, const O extends FieldOptions = Record<never, never>>(
  element: Field<Out, In>,
  options?: O,
): FieldOf<Out[], readonly In[], O> {
  return field({ kind: 'array', element: element.type }, options);
}

/** A struct; in this protocol's offered messages it only travels under a tag. */
export function struct<F extends Fields, const O extends FieldOptions = Record<never, never>>(
  fields: F,
  options?: O,
): FieldOf<Decoded<F>, Encodable<F>, O> {
  return field({ kind: 'struct', fields }, options);
}

/** One API: its key and name, the versions offered, and the two messages of it. */
export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number;
  readonly name: string;
  readonly versions: VersionRange;
  /** First version with compact types and tagged fields; Infinity when none has. */
  readonly flexibleFrom: number;
  readonly request: Request;
  readonly response: Response;
}

/** Declares an API. */
export function api<
  const K extends number,
  Request extends Fields,
  Response extends Fields,
>(declaration: {
  key: K;
  name: string;
  versions: string;
  flexible?: string;
  request: Request;
  response: Response;
}): Api<Request, Response> & { readonly key: K } {
  const { key, name, request, response, flexible } = declaration;
  const flexibleFrom = flexible === undefined ? Infinity : versionRange(flexible).min;
  return {
    key,
    name,
    versions: versionRange(declaration.versions),
    flexibleFrom,
    request,
    response,
  };
}

/** Parses `'3+'`, `'0-7'` or `'4'`. */
export function versionRange(text: string): VersionRange {
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (!match) throw new RangeError(`not a version range: ${text}`);
  const min = Number(match[1]);
  const max = match[2] === '+' ? Infinity : Number(match[3] ?? min);
  return { min, max };
}

/** True when `version` lies in `range`. */
export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max;
}

const ALL_VERSIONS: VersionRange = { min: 0, max: Infinity };

function field<Out, In>(type: FieldType, options: FieldOptions = {}): Field<Out, In> {
  return {
    type,
    versions: options.versions === undefined ? ALL_VERSIONS : versionRange(options.versions),
    nullable: options.nullable === undefined ? undefined : versionRange(options.nullable),
    tag: options.tag,
    default: options.default,
  };
}
