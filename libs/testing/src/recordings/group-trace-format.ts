import { errorName } from '@penstock/kafka-protocol';

const MEMBER_ID = /([^ ]*?)-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/g;

/** Fields that say nothing about groups. */
const OMITTED = new Set(['throttleTimeMs', 'authorizedOperations']);

/** Arrays that a broker may answer in any order, and what they are sorted by. */
const SORTED: Readonly<Record<string, string>> = {
  members: 'memberId',
  groups: 'groupId',
  topics: 'name',
  partitions: 'partitionIndex',
  results: 'groupId',
};

/** Writes answers so that two brokers' can be compared as text, and reads names back. */
export class AnswerFormat {
  readonly #prefix: string;
  readonly #labels = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #texts = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  realName(name: string): string {
    return name === '' ? '' : this.#prefix + name;
  }

  /** The id behind a label such as `a-1`; what is no label is taken as it is. */
  realId(label: string): string {
    return this.#ids.get(label) ?? label;
  }

  /** Remembers what stood in the trace for these bytes. */
  bytes(text: string, bytes: Buffer): Buffer {
    this.#texts.set(bytes.toString('hex'), text);
    return bytes;
  }

  answer(body: unknown): string {
    return this.#object(body as Record<string, unknown>);
  }

  #object(value: Record<string, unknown>): string {
    const words: string[] = [];
    for (const [key, field] of Object.entries(value)) {
      if (OMITTED.has(key)) continue;
      words.push(key === 'errorCode' ? errorName(field as number) : this.#field(key, field));
    }
    return words.join(' ');
  }

  #field(key: string, field: unknown): string {
    if (!Array.isArray(field)) return `${key}=${this.#value(field)}`;
    const items = (field as Record<string, unknown>[]).filter((item) => this.#isOurs(item));
    const sortKey = SORTED[key];
    const texts = items.map((item) => ({
      text: `{${this.#object(item)}}`,
      sort: sortKey === undefined ? '' : this.#value(item[sortKey]),
    }));
    texts.sort((a, b) => a.sort.localeCompare(b.sort, 'en', { numeric: true }));
    return `${key}=[${texts.map(({ text }) => text).join(' ')}]`;
  }

  /** A shared cluster has groups of others. */
  #isOurs(item: Record<string, unknown>): boolean {
    const { groupId } = item;
    return typeof groupId !== 'string' || groupId === '' || groupId.startsWith(this.#prefix);
  }

  #value(value: unknown): string {
    if (Buffer.isBuffer(value)) {
      return value.length === 0
        ? "''"
        : (this.#texts.get(value.toString('hex')) ?? `0x${value.toString('hex')}`);
    }
    if (value === '') return "''";
    if (typeof value === 'string') return this.#text(value);
    return String(value);
  }

  #text(value: string): string {
    const text = value
      .replaceAll(MEMBER_ID, (id: string, client: string) => this.#label(id, client))
      .replaceAll(this.#prefix === '' ? '\0' : this.#prefix, '');
    const first = text.charAt(0);
    return text.length > 20 && text === first.repeat(text.length)
      ? `${first}*${text.length}`
      : text;
  }

  #label(id: string, client: string): string {
    const known = this.#labels.get(id);
    if (known !== undefined) return known;
    const count = (this.#counts.get(client) ?? 0) + 1;
    this.#counts.set(client, count);
    const label = `${client}-${count}`;
    this.#labels.set(id, label);
    this.#ids.set(label, id);
    return label;
  }
}
