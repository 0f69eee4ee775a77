import { apis, isFlexible, type ApiKey } from '@penstock/kafka-protocol';
import type { SeededRandom } from '@penstock/testing';
import { ByteWriter } from './byte-writer.ts';
import { honestBatch, lyingBatch } from './lying-batches.ts';
import { numberFor, oddText, settingFor, textFor, type World } from './world.ts';

/** Most bytes that one element's repetitions take. */
const FLOOD_BYTES_MAX = 16 * 1024 * 1024;

/** The declarations of the messages, as far as they are looked at here. */
interface Declaration {
  readonly key: number;
  readonly name: string;
  readonly versions: { readonly min: number; readonly max: number };
  readonly request: Fields;
}
type Fields = Readonly<Record<string, Field>>;
interface Field {
  readonly type: Type;
  readonly versions: { readonly min: number; readonly max: number };
  readonly nullable: { readonly min: number; readonly max: number } | undefined;
  readonly tag: number | undefined;
}
type Type =
  | { readonly kind: 'array'; readonly element: Type }
  | { readonly kind: 'struct'; readonly fields: Fields }
  | { readonly kind: Scalar };
type Scalar =
  'bool' | 'int8' | 'int16' | 'int32' | 'int64' | 'uuid' | 'string' | 'bytes' | 'records';

export const declarations: readonly Declaration[] = Object.values(apis) as never;

/** A request on its way to be sent. */
export interface FuzzedRequest {
  /** Without its length prefix. */
  readonly frame: Buffer;
  /** Nothing in it is wrong by form: whatever it asks for, it has to be answered. */
  readonly isWellFormed: boolean;
  /** What was made of it, for the report. */
  readonly what: string;
}

export interface RequestOptions {
  readonly random: SeededRandom;
  readonly world: World;
  readonly correlationId: number;
  /** How likely each value is to break the form of the message. */
  readonly lies: number;
  /** Array elements to put into one array instead of a few. */
  readonly flood?: number;
}

/** Writes a request of any API and version, by its declaration. */
export function fuzzedRequest(options: RequestOptions): FuzzedRequest {
  const { random } = options;
  const api = random.pick(declarations);
  const version = random.int(api.versions.min, api.versions.max);
  const flexible = isFlexible(api.key as ApiKey, version);
  const message = new MessageWriter(options, version, flexible);
  const frame = message.write(api);
  const lies = message.lies.length > 0 ? ` with ${message.lies.join(', ')}` : '';
  const flood = options.flood === undefined ? '' : ` flooded by ${options.flood}`;
  return {
    frame,
    isWellFormed: message.lies.length === 0,
    what: `${api.name} ${version}${flood}${lies}`,
  };
}

class MessageWriter {
  readonly lies: string[] = [];
  readonly #writer = new ByteWriter();
  readonly #random: SeededRandom;
  readonly #options: RequestOptions;
  readonly #version: number;
  readonly #flexible: boolean;
  #flood: number;
  /** A setting's value belongs to its name. */
  #setting = { name: '', value: '' };
  #isBrokerResource = false;

  constructor(options: RequestOptions, version: number, flexible: boolean) {
    this.#options = options;
    this.#random = options.random;
    this.#version = version;
    this.#flexible = flexible;
    this.#flood = options.flood ?? 0;
  }

  write(api: Declaration): Buffer {
    const writer = this.#writer;
    writer.int(api.key, 2);
    writer.int(this.#version, 2);
    writer.int(this.#options.correlationId, 4);
    this.#clientId();
    if (this.#flexible) this.#tags([]);
    this.#struct(api.request);
    return writer.finish();
  }

  #clientId(): void {
    if (this.#random.chance(0.1)) return this.#writer.int(-1, 2);
    const text = Buffer.from(this.#random.chance(0.05) ? oddText(this.#random) : 'fuzz');
    this.#writer.int(this.#lengthOf(text.length, 'client id'), 2);
    this.#writer.bytes(text);
  }

  #struct(fields: Fields): void {
    const tagged: [number, string, Field][] = [];
    for (const [name, field] of Object.entries(fields)) {
      const { min, max } = field.versions;
      if (this.#version < min || this.#version > max) continue;
      if (field.tag !== undefined) tagged.push([field.tag, name, field]);
      else this.#field(name, field);
    }
    if (this.#flexible) this.#tags(tagged);
  }

  #field(name: string, field: Field): void {
    if (name === 'name' || name === 'configName') this.#setting = settingFor(this.#random);
    this.#value(name, field.type, this.#isNullable(field));
  }

  #isNullable({ nullable }: Field): boolean {
    return nullable !== undefined && this.#version >= nullable.min && this.#version <= nullable.max;
  }

  /** Known tags sometimes, unknown ones sometimes; lies: doubled, out of order, wrong sizes. */
  #tags(known: readonly [number, string, Field][]): void {
    const random = this.#random;
    const tags: [number, Buffer][] = [];
    for (const [tag, name, field] of known) {
      if (random.chance(0.5)) tags.push([tag, this.#tagContent(name, field)]);
    }
    while (random.chance(0.1)) {
      tags.push([random.int(100, 100_000), random.bytes(random.int(0, 20))]);
    }
    tags.sort(([a], [b]) => a - b);
    if (tags.length > 0 && this.#isLie('a tag twice')) tags.push(random.pick(tags));
    const count = this.#lengthOf(tags.length, 'tag count');
    this.#writer.uvarint(count);
    for (const [tag, content] of tags) {
      this.#writer.uvarint(tag);
      this.#writer.uvarint(this.#lengthOf(content.length, 'tag size'));
      this.#writer.bytes(content);
    }
  }

  #tagContent(name: string, field: Field): Buffer {
    const inner = new MessageWriter(this.#options, this.#version, this.#flexible);
    inner.#field(name, field);
    this.lies.push(...inner.lies);
    return inner.#writer.finish();
  }

  #value(name: string, type: Type, nullable: boolean): void {
    const random = this.#random;
    const writer = this.#writer;
    switch (type.kind) {
      case 'struct':
        return this.#struct(type.fields);
      case 'array':
        return this.#array(name, type.element, nullable);
      case 'string':
        return this.#text(name, nullable);
      case 'bytes':
        return this.#sized(nullable, this.#flexible, 4, 'bytes', random.bytes(random.int(0, 60)));
      case 'records': {
        const batch = random.chance(0.5) ? honestBatch(random) : lyingBatch(random);
        return this.#sized(nullable, this.#flexible, 4, 'records', batch);
      }
      case 'uuid':
        return writer.uuid(this.#uuid());
      case 'bool':
        return writer.int(random.int(0, 1), 1);
      case 'int64':
        return writer.int64(this.#number(name, [-(2 ** 63), -1, 0, 1, 5, 2 ** 53, 2 ** 63]));
      case 'int32':
        return writer.int(this.#number(name, [-0x80000000, -1, 0, 1, 65_536, 0x7fffffff]), 4);
      case 'int16':
        return writer.int(this.#number(name, [-0x8000, -1, 0, 1, 0x7fff]), 2);
      case 'int8':
        return writer.int(this.#number(name, [-128, -1, 0, 1, 127]), 1);
    }
  }

  #number(name: string, odd: readonly number[]): number {
    const { world } = this.#options;
    if (name === 'producerId' && world.producerIds.length > 0 && this.#random.chance(0.5)) {
      return this.#random.pick(world.producerIds);
    }
    const value = numberFor(name, world, this.#random) ?? this.#random.pick(odd);
    // Type 4 is the broker: its settings would change what others get.
    if (name === 'resourceType') this.#isBrokerResource = value === 4;
    return value;
  }

  #uuid(): string {
    const ids = [...this.#options.world.topicIds.values()];
    if (ids.length > 0 && this.#random.chance(0.7)) return this.#random.pick(ids);
    return this.#random.pick([
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ]);
  }

  #array(name: string, element: Type, nullable: boolean): void {
    const random = this.#random;
    if (nullable && random.chance(0.15)) return this.#length(-1, this.#flexible, 4, 'array');
    if (this.#flood > 0 && random.chance(0.5)) return this.#floodedArray(name, element);
    const count = random.pick([0, 1, 1, 1, 2, 3]);
    this.#length(this.#lengthOf(count, 'array count'), this.#flexible, 4, 'array');
    for (let index = 0; index < count; index += 1) this.#value(name, element, false);
  }

  /** One element many times: the same bytes, so that writing it costs nothing. */
  #floodedArray(name: string, element: Type): void {
    const count = this.#flood;
    this.#flood = 0;
    this.#length(count, this.#flexible, 4, 'array');
    const inner = new MessageWriter({ ...this.#options, lies: 0 }, this.#version, this.#flexible);
    inner.#value(name, element, false);
    const once = inner.#writer.finish();
    // The count stays as it is: elements that are missing are a lie more.
    const times = Math.min(count, Math.floor(FLOOD_BYTES_MAX / once.length));
    this.#writer.bytes(Buffer.alloc(once.length * times, once));
  }

  #text(name: string, nullable: boolean): void {
    const { world } = this.#options;
    let text = textFor(name, world, this.#random);
    if (name === 'value' || name === 'configValue') text = this.#setting.value;
    if (name === 'resourceName' && this.#isBrokerResource) text = this.#random.pick(['1', '', '7']);
    if (name === 'name' && this.#random.chance(0.3)) text = this.#setting.name;
    // What a broker is told must not change what its other clients get.
    if (name === 'name' && this.#isBrokerResource) text = 'background.threads';
    this.#sized(nullable, this.#flexible, 2, 'string', Buffer.from(text));
  }

  #sized(nullable: boolean, flexible: boolean, size: 2 | 4, what: string, content: Buffer): void {
    if (nullable && this.#random.chance(0.15)) return this.#length(-1, flexible, size, what);
    if (!nullable && this.#isLie(`null ${what}`)) return this.#length(-1, flexible, size, what);
    this.#length(this.#lengthOf(content.length, `${what} length`), flexible, size, what);
    this.#writer.bytes(content);
  }

  #length(length: number, flexible: boolean, size: 2 | 4, what: string): void {
    if (flexible && this.#isLie(`overlong varint of ${what}`)) {
      this.#writer.overlongVarint(this.#random);
    } else if (flexible) this.#writer.uvarint(length + 1);
    else this.#writer.int(length, size);
  }

  /** The true length, or one that is not. */
  #lengthOf(length: number, what: string): number {
    if (!this.#isLie(what)) return length;
    return this.#random.pick([length + 1, length - 1, -2, 0, 0x7f, 0x7fff, 0x7ffffffe, 1_000_000]);
  }

  #isLie(what: string): boolean {
    if (!this.#random.chance(this.#options.lies)) return false;
    this.lies.push(what);
    return true;
  }
}
