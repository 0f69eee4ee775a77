import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Client } from './clients/client.ts';
import type { Trait } from './clients/trait.ts';
import { NotOffered, type Driver } from './driver.ts';
import type { ReadRecord, SentRecord } from './protocol.ts';

/**
 * The broker under test. Only one that the suite started itself can be killed and started again.
 */
export interface BrokerUnderTest {
  servers: string;
  /** kill -9, then a start on the same port and data. */
  crashAndRestart?: () => Promise<void>;
}

/** One capability: a column of the table. */
export interface Capability {
  id: string;
  /** What is checked, for the legend below the table. */
  what: string;
  check: (context: CheckContext) => Promise<void>;
}

/** What a check works with: one client, the broker, and names that nobody else uses. */
export class CheckContext implements AsyncDisposable {
  readonly client: Client;
  readonly broker: BrokerUnderTest;
  readonly driver: Driver;
  /** What the client cannot do of a capability whose other parts were checked. */
  readonly left: string[] = [];
  readonly #more: Driver[] = [];
  #helper: Driver | undefined;
  readonly #run: string;

  constructor(client: Client, broker: BrokerUnderTest, driver: Driver, run: string) {
    this.client = client;
    this.broker = broker;
    this.driver = driver;
    this.#run = run;
  }

  /** A name of a topic or group that is new in this run. */
  name(what: string): string {
    return `compat-${this.#run}-${this.client.name}-${what}`.replaceAll(/[^\w.-]/g, '-');
  }

  /** One more process of the same client. */
  another(): Driver {
    const driver = this.client.start(this.broker.servers);
    this.#more.push(driver);
    return driver;
  }

  /** Whether the client has a trait; one that it lacks is noted. */
  offers(trait: Trait): boolean {
    if (this.client.lacks?.includes(trait) !== true) return true;
    if (!this.left.includes(trait)) this.left.push(trait);
    return false;
  }

  /** Leaves out the capability when the client lacks the trait. */
  needs(trait: Trait): void {
    if (this.client.lacks?.includes(trait) === true) throw new NotOffered(trait);
  }

  /**
   * Does a part of the capability; when the client has no call for it, notes that and returns
   * false.
   */
  async offersCall(what: string, attempt: Promise<unknown>): Promise<boolean> {
    try {
      await attempt;
      return true;
    } catch (error) {
      if (!(error instanceof NotOffered)) throw error;
      this.left.push(what);
      return false;
    }
  }

  async topic(what: string, partitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const topic = this.name(what);
    await this.helper.do('createTopic', { topic, partitions, configs });
    return topic;
  }

  /**
   * The client for preparations that are not under test: the same, or another where it lacks them.
   */
  get helper(): Driver {
    if (this.client.helper === undefined) return this.driver;
    if (this.#helper === undefined) {
      this.#helper = this.client.helper(this.broker.servers);
      this.#more.push(this.#helper);
    }
    return this.#helper;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#more.map((driver) => driver.kill()));
  }
}

export function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${what}: ${brief(found)} instead of ${brief(wanted)}`);
}

export function expectTrue(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Expects a refusal whose text names the error in any of the ways that clients write it. */
export async function expectRefusal(
  attempt: Promise<unknown>,
  pattern: RegExp,
  what: string,
): Promise<void> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  if (outcome instanceof NotOffered) throw outcome;
  if (outcome === undefined) throw new Error(`${what} was accepted`);
  if (!pattern.test(outcome.message.replaceAll(/[\s_-]/g, ''))) {
    throw new Error(`${what}: refused with ${outcome.message}, not ${pattern}`);
  }
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Text of so many bytes that no codec makes much smaller, in base64. */
export const randomValue = (bytes: number): string =>
  base64(randomBytes(bytes).toString('base64').slice(0, bytes));

/** What both sides of a transfer must agree in. */
export function contentOf(record: ReadRecord | SentRecord): unknown[] {
  return [record.key, record.value, record.headers ?? []];
}

/** A key, a value and a header per record, with the timestamps one second apart. */
export function numberedRecords(
  count: number,
  options: { timestamps?: number } = {},
): SentRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: base64(`key-${index % 7}`),
    value: base64(`value-${index}-`.padEnd(60, 'compressible ')),
    headers: [
      ['origin', base64('compat')],
      ['empty?', base64('no')],
    ] satisfies [string, string][],
    ...(options.timestamps === undefined ? {} : { timestamp: options.timestamps + index * 1000 }),
  }));
}
