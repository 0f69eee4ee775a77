// The loop of a driver in Node: one request per line in, one answer per line out, one after the
// other.
import { createInterface } from 'node:readline';
import type { Place, Polled, ProduceRequest, ReadRecord, Requests } from '../protocol.ts';

export type Commands = {
  [K in keyof Requests]?: (
    request: Requests[K]['in'],
  ) => Promise<Requests[K]['out']> | Requests[K]['out'];
};

export async function serve(commands: Commands): Promise<void> {
  // A connection that breaks while nobody waits for it must not end the driver.
  process.on('uncaughtException', (error) => process.stderr.write(`${String(error)}\n`));
  process.on('unhandledRejection', (error) => process.stderr.write(`${String(error)}\n`));
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as { id: number; do: keyof Requests };
    const run = commands[request.do] as ((request: unknown) => unknown) | undefined;
    const answer = await outcomeOf(run, request);
    process.stdout.write(`${JSON.stringify({ id: request.id, ...answer })}\n`);
  }
  process.exit();
}

class Missing extends Error {}

/** Answers a request for which the client has no call. */
export function missing(what: string): never {
  throw new Missing(what);
}

async function outcomeOf(run: ((request: unknown) => unknown) | undefined, request: unknown) {
  if (run === undefined) return { missing: 'no such call' };
  try {
    return { ok: (await run(request)) ?? {} };
  } catch (error) {
    if (error instanceof Missing) return { missing: error.message };
    return { error: textOf(error) };
  }
}

/** Errors of clients carry the broker's one somewhere inside. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause, errors, groups, apiId, type } = error as Error & Record<string, unknown>;
  const lists = [errors, (groups as { error: unknown }[] | undefined)?.map((one) => one.error)];
  const inner = [cause, ...lists.flat()].filter((one) => one !== undefined);
  const own = [error.message, apiId, type].filter((part) => typeof part === 'string').join(' ');
  return [own, ...inner.map(textOf)].join(' < ');
}

export const bytesOf = (text: string | null): Buffer | null =>
  text === null ? null : Buffer.from(text, 'base64');

export const base64Of = (bytes: Buffer | string | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('base64');

/**
 * Sends messages as a request wants it, all at once or one after the other, with `send`, which
 * returns the offset of the first; and tells where each went, if that can be known.
 */
export async function sendPlaced<M>(
  { partition, acks, everyMs }: ProduceRequest,
  messages: M[],
  send: (some: M[]) => Promise<unknown>,
): Promise<{ placed: [number, number][] }> {
  const placed: [number, number][] = [];
  for (const some of everyMs === undefined ? [messages] : messages.map((message) => [message])) {
    const first = await send(some);
    if (acks !== '0' && partition >= 0) {
      placed.push(...some.map((_, index): [number, number] => [partition, Number(first) + index]));
    }
    if (everyMs !== undefined) await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return { placed };
}

/** Records that a member's callback received and the driver has not reported yet. */
export class Inbox {
  readonly #records: ReadRecord[] = [];
  assigned: [string, number][] = [];
  rebalances = 0;

  put(record: ReadRecord): void {
    this.#records.push(record);
  }

  assign(places: readonly Place[]): void {
    this.assigned = places.map(({ topic, partition }) => [topic, partition]);
    this.rebalances += 1;
  }

  /** Drops the received records of a partition, as a seek does. */
  drop(place: Place): void {
    const isOther = (record: ReadRecord) =>
      record.topic !== place.topic || record.partition !== place.partition;
    this.#records.splice(0, Infinity, ...this.#records.filter(isOther));
  }

  async poll(ms: number): Promise<Polled> {
    const deadline = performance.now() + ms;
    do {
      await new Promise((resolve) => setTimeout(resolve, 20));
    } while (this.#records.length === 0 && performance.now() < deadline);
    const { assigned, rebalances } = this;
    return { records: this.#records.splice(0), assigned, rebalances };
  }
}
