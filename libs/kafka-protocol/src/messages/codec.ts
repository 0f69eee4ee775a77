import { sizeOfRecords, Writer, type RecordsInput } from '../bytes/writer.ts';
import { ZERO_UUID } from '../bytes/uuid.ts';
import type { Reader } from '../bytes/reader.ts';
import { ProtocolError } from '../protocol-error.ts';
import { includesVersion, type Field, type Fields, type FieldType } from './schema.ts';

/**
 * Compiles a declaration of fields for one version into a decoder and an encoder, once; both are
 * closures over what the declaration says, so that a message costs no look-ups in it.
 *
 * Wire rules (Kafka protocol guide, KIP-482): outside flexible versions a string has an int16
 * length, bytes and arrays an int32 one, -1 for null. In flexible versions the length is an
 * unsigned varint of length + 1, 0 for null, and every struct ends with its tagged fields.
 */
export interface Codec<Out = unknown, In = unknown> {
  decode(reader: Reader): Out;
  encode(writer: Writer, value: In): void;
  /** The least bytes a value takes: bounds the counts of arrays. */
  readonly sizeMin: number;
}

/** Compiles the struct made of `fields` for `version`. */
export function compileStruct(
  fields: Fields,
  version: number,
  flexible: boolean,
): Codec<Record<string, unknown>, Record<string, unknown>> {
  const present: NamedCodec[] = [];
  const tagged = new Map<number, NamedCodec>();
  for (const [name, field] of Object.entries(fields)) {
    if (!includesVersion(field.versions, version)) continue;
    const codec = { name, field, ...compileField(field, version, flexible) };
    if (field.tag === undefined) present.push(codec);
    else if (flexible) tagged.set(field.tag, codec);
  }
  return {
    decode: structDecoder(fields, present, tagged, flexible),
    encode: structEncoder(present, [...tagged.entries()], flexible),
    sizeMin: present.reduce((sum, codec) => sum + codec.sizeMin, flexible ? 1 : 0),
  };
}

interface NamedCodec extends Codec {
  readonly name: string;
  readonly field: Field;
}

function structDecoder(
  fields: Fields,
  present: readonly NamedCodec[],
  tagged: ReadonlyMap<number, NamedCodec>,
  flexible: boolean,
): (reader: Reader) => Record<string, unknown> {
  const names = present.map(({ name }) => name);
  const decoders = present.map(({ decode }) => decode);
  const { template, absent } = templateOf(fields, names);

  return (reader) => {
    const value: Record<string, unknown> = { ...template };
    let slot = 0;
    try {
      for (; slot < decoders.length; slot++) value[names[slot]!] = decoders[slot]!(reader);
    } catch (error) {
      throw error instanceof ProtocolError ? error.within(names[slot]!) : error;
    }
    for (const [name, zero] of absent) value[name] = zero();
    if (flexible) decodeTagged(reader, tagged, value);
    return value;
  };
}

/**
 * What every decoded struct starts as: all fields in declared order whatever the version, so that
 * a struct has one shape and a field that is not read needs no store. Absent arrays, buffers and
 * structs are listed apart, because each value needs its own.
 */
function templateOf(fields: Fields, present: readonly string[]) {
  const template: Record<string, unknown> = {};
  const absent: [string, () => unknown][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const zero = defaultOf(field);
    template[name] = zero();
    const isOwned = typeof template[name] === 'object' && template[name] !== null;
    if (isOwned && !present.includes(name)) absent.push([name, zero]);
  }
  return { template, absent };
}

/** Tags that the version does not know are skipped, never rejected. */
function decodeTagged(
  reader: Reader,
  tagged: ReadonlyMap<number, NamedCodec>,
  value: Record<string, unknown>,
): void {
  let count = reader.uvarint();
  reader.spend(count);
  for (; count > 0; count--) {
    const codec = tagged.get(reader.uvarint());
    const size = reader.uvarint();
    const start = reader.take(size, 'tagged field');
    if (codec === undefined) continue;
    reader.position = start;
    try {
      value[codec.name] = codec.decode(reader);
      if (reader.position !== start + size) reader.fail(`tagged field of ${size} bytes`);
    } catch (error) {
      throw error instanceof ProtocolError ? error.within(codec.name) : error;
    }
  }
}

function structEncoder(
  present: readonly NamedCodec[],
  tagged: readonly [number, NamedCodec][],
  flexible: boolean,
): (writer: Writer, value: Record<string, unknown>) => void {
  const inOrder = tagged.toSorted(([a], [b]) => a - b);
  return (writer, value) => {
    for (const { name, field, encode } of present) {
      const given = value[name];
      if (given !== undefined) encode(writer, given);
      else if (field.default !== undefined) encode(writer, field.default);
      else throw new TypeError(`field ${name} is missing`);
    }
    if (!flexible) return;
    if (inOrder.length === 0) writer.uvarint(0);
    else encodeTagged(writer, inOrder, value);
  };
}

function encodeTagged(
  writer: Writer,
  tagged: readonly [number, NamedCodec][],
  value: Record<string, unknown>,
): void {
  const given = tagged.filter(([, { name, field }]) => !isDefault(field, value[name]));
  writer.uvarint(given.length);
  for (const [tag, { name, encode }] of given) {
    const content = new Writer(Buffer.allocUnsafe(256));
    encode(content, value[name]);
    writer.uvarint(tag);
    writer.uvarint(content.byteLength);
    for (const chunk of content.finish()) writer.append(chunk);
  }
}

function compileField(field: Field, version: number, flexible: boolean): Codec {
  const nullable = field.nullable !== undefined && includesVersion(field.nullable, version);
  return compileType(field.type, version, flexible, nullable);
}

function compileType(
  type: FieldType,
  version: number,
  flexible: boolean,
  nullable: boolean,
): Codec {
  switch (type.kind) {
    case 'struct':
      if (nullable) throw new Error('nullable structs are not used by any offered message');
      return compileStruct(type.fields, version, flexible) as Codec;
    case 'array':
      return arrayCodec(compileType(type.element, version, flexible, false), flexible, nullable);
    case 'string':
      return stringCodec(flexible, nullable);
    case 'bytes':
      return bytesCodec(flexible, nullable);
    case 'records':
      return recordsCodec(flexible, nullable);
    default:
      return FIXED[type.kind];
  }
}

/** How lengths of one kind are written: int16 or int32 outside flexible versions, else compact. */
interface LengthCodec {
  /** The length, or -1 for null. */
  read(reader: Reader): number;
  write(writer: Writer, length: number): void;
  readonly sizeMin: number;
}

const INT16_LENGTH: LengthCodec = {
  read: (reader) => reader.int16(),
  write(writer, length) {
    if (length > 0x7fff) throw new RangeError(`a string of ${length} bytes does not fit`);
    writer.int16(length);
  },
  sizeMin: 2,
};
const INT32_LENGTH: LengthCodec = {
  read: (reader) => reader.int32(),
  write: (writer, length) => writer.int32(length),
  sizeMin: 4,
};
const COMPACT_LENGTH: LengthCodec = {
  read: (reader) => reader.uvarint() - 1,
  write: (writer, length) => writer.uvarint(length + 1),
  sizeMin: 1,
};

/** Reads a length; null only where it is allowed. */
function readLength(reader: Reader, lengths: LengthCodec, nullable: boolean, what: string): number {
  const start = reader.position;
  const length = lengths.read(reader);
  if (length < (nullable ? -1 : 0)) {
    reader.position = start;
    reader.fail(nullable ? `length of ${what} or null` : `length of ${what}, not ${length}`);
  }
  return length;
}

function arrayCodec(element: Codec, flexible: boolean, nullable: boolean): Codec {
  const lengths = flexible ? COMPACT_LENGTH : INT32_LENGTH;
  const elementSizeMin = Math.max(1, element.sizeMin);
  return {
    sizeMin: lengths.sizeMin,
    decode(reader) {
      const count = readLength(reader, lengths, nullable, 'array');
      if (count < 0) return null;
      if (count * elementSizeMin > reader.remaining) {
        reader.fail(`${count} elements of at least ${elementSizeMin} bytes`);
      }
      reader.spend(count);
      const values: unknown[] = [];
      try {
        for (let index = 0; index < count; index++) values.push(element.decode(reader));
      } catch (error) {
        throw error instanceof ProtocolError ? error.within(values.length) : error;
      }
      return values;
    },
    encode(writer, value) {
      if (isNull(value, nullable, 'array')) return lengths.write(writer, -1);
      const values = value as readonly unknown[];
      lengths.write(writer, values.length);
      for (const each of values) element.encode(writer, each);
    },
  };
}

function stringCodec(flexible: boolean, nullable: boolean): Codec {
  const lengths = flexible ? COMPACT_LENGTH : INT16_LENGTH;
  return {
    sizeMin: lengths.sizeMin,
    decode(reader) {
      const length = readLength(reader, lengths, nullable, 'string');
      return length < 0 ? null : reader.text(length);
    },
    encode(writer, value) {
      if (isNull(value, nullable, 'string')) return lengths.write(writer, -1);
      const size = Buffer.byteLength(value as string);
      lengths.write(writer, size);
      writer.text(value as string, size);
    },
  };
}

function bytesCodec(flexible: boolean, nullable: boolean): Codec {
  const lengths = flexible ? COMPACT_LENGTH : INT32_LENGTH;
  return {
    sizeMin: lengths.sizeMin,
    decode(reader) {
      const length = readLength(reader, lengths, nullable, 'bytes');
      return length < 0 ? null : Buffer.from(reader.view(length));
    },
    encode(writer, value) {
      if (isNull(value, nullable, 'bytes')) return lengths.write(writer, -1);
      lengths.write(writer, (value as Uint8Array).length);
      writer.bytes(value as Uint8Array);
    },
  };
}

function recordsCodec(flexible: boolean, nullable: boolean): Codec {
  const lengths = flexible ? COMPACT_LENGTH : INT32_LENGTH;
  return {
    sizeMin: lengths.sizeMin,
    decode(reader) {
      const length = readLength(reader, lengths, nullable, 'records');
      return length < 0 ? null : reader.view(length, 'records');
    },
    encode(writer, value) {
      if (isNull(value, nullable, 'records')) return lengths.write(writer, -1);
      lengths.write(writer, sizeOfRecords(value as RecordsInput));
      writer.append(value as RecordsInput);
    },
  };
}

function isNull(value: unknown, nullable: boolean, what: string): boolean {
  if (value !== null) return false;
  if (nullable) return true;
  throw new TypeError(`null for ${what} that this version does not allow to be null`);
}

type FixedType = Exclude<FieldType['kind'], 'array' | 'struct' | 'string' | 'bytes' | 'records'>;

const FIXED: { readonly [Kind in FixedType]: Codec } = {
  bool: fixed<boolean>(
    1,
    (r) => r.bool(),
    (w, v) => w.bool(v),
  ),
  int8: fixed<number>(
    1,
    (r) => r.int8(),
    (w, v) => w.int8(v),
  ),
  int16: fixed<number>(
    2,
    (r) => r.int16(),
    (w, v) => w.int16(v),
  ),
  int32: fixed<number>(
    4,
    (r) => r.int32(),
    (w, v) => w.int32(v),
  ),
  int64: fixed<number>(
    8,
    (r) => r.int64(),
    (w, v) => w.int64(v),
  ),
  uuid: fixed<string>(
    16,
    (r) => r.uuid(),
    (w, v) => w.uuid(v),
  ),
};

function fixed<T>(
  sizeMin: number,
  decode: (reader: Reader) => T,
  encode: (writer: Writer, value: T) => void,
): Codec {
  return { sizeMin, decode, encode: (writer, value) => encode(writer, value as T) };
}

/** Makes the value of an absent field; a new one each time where it can be changed. */
function defaultOf(field: Field): () => unknown {
  const { type } = field;
  if (field.default === null) return () => null;
  if (type.kind === 'array') return () => [];
  if (type.kind === 'bytes' || type.kind === 'records') return () => Buffer.alloc(0);
  if (type.kind === 'struct') {
    const parts = Object.entries(type.fields).map(([name, f]) => [name, defaultOf(f)] as const);
    return () => Object.fromEntries(parts.map(([name, zero]) => [name, zero()]));
  }
  const value = field.default ?? zeroOf(type.kind);
  return () => value;
}

function zeroOf(kind: FixedType | 'string'): unknown {
  if (kind === 'bool') return false;
  if (kind === 'string') return '';
  return kind === 'uuid' ? ZERO_UUID : 0;
}

/** True when a tagged field with this value need not be sent. */
function isDefault(field: Field, value: unknown): boolean {
  if (value === undefined) return true;
  const { type } = field;
  if (value === null || field.default === null) return value === field.default;
  if (type.kind === 'array' || type.kind === 'bytes' || type.kind === 'records') {
    return (value as { length: number }).length === 0;
  }
  if (type.kind === 'struct') {
    const given = value as Record<string, unknown>;
    return Object.entries(type.fields).every(([name, f]) => isDefault(f, given[name]));
  }
  return value === (field.default ?? zeroOf(type.kind));
}
