import { ApiKeys } from '@penstock/kafka-protocol';
import { SeededRandom } from '@penstock/testing';
import { asked, problemOf } from './answers.ts';
import { mutated } from './mutations.ts';
import { RawConnection } from './raw-connection.ts';
import { fuzzedRequest, type FuzzedRequest } from './requests.ts';
import type { World } from './world.ts';

export interface AttackOptions {
  readonly port: number;
  readonly seed: number;
  readonly world: World;
  readonly isOver: () => boolean;
  /** Called with each frame before it is sent. */
  readonly onSend: (frame: Buffer, what: string) => void;
  readonly onFinding: (text: string, frames: readonly Buffer[]) => void;
}

/** A machine that is busy with other things may be slow; a broker that hangs is slower. */
const ANSWER_MS_MAX = 20_000;
const SPLICED_KEPT = 50;
/** Requests that may wait as long as they say. */
const WAITING_APIS: readonly number[] = [ApiKeys.Fetch, ApiKeys.JoinGroup, ApiKeys.SyncGroup];
/** Requests after which the broker may close although their form was valid. */
const CLOSING_APIS: readonly number[] = [
  ApiKeys.Produce,
  ApiKeys.SaslHandshake,
  ApiKeys.SaslAuthenticate,
];
const SENTINEL_ID = 0x5e17;

type Mode = 'plain' | 'lying' | 'mutated' | 'framing' | 'reset' | 'flood';
const MODES: readonly [Mode, number][] = [
  ['plain', 0.3],
  ['lying', 0.33],
  ['mutated', 0.28],
  ['framing', 0.05],
  ['reset', 0.03],
  ['flood', 0.01],
];

/** One attacker: round after round of a few requests, each round answered before the next. */
export class Attack {
  readonly #options: AttackOptions;
  readonly #random: SeededRandom;
  readonly #sent: Buffer[] = [];
  #connection: RawConnection | undefined;
  #correlationId = 0;
  rounds = 0;
  answers = 0;
  closed = 0;

  constructor(options: AttackOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  async run(): Promise<void> {
    while (!this.#options.isOver()) {
      await this.#round();
      this.rounds += 1;
    }
    this.#connection?.close();
  }

  async #round(): Promise<void> {
    if (!this.#connection || this.#connection.isClosed) {
      this.#connection = await RawConnection.open(this.#options.port);
    }
    const mode = this.#mode();
    const requests = Array.from({ length: mode === 'flood' ? 1 : this.#random.int(1, 4) }, () =>
      this.#request(mode),
    );
    for (const { frame, what } of requests) this.#options.onSend(frame, what);
    if (mode === 'framing' || mode === 'reset') return this.#breakOff(mode, requests);
    for (const { frame } of requests) this.#connection.send(prefixed(frame));
    this.#connection.send(sentinel());
    await this.#readAnswers(this.#connection, requests);
  }

  #mode(): Mode {
    let left = this.#random.next();
    for (const [mode, share] of MODES) {
      left -= share;
      if (left < 0) return mode;
    }
    return 'plain';
  }

  #request(mode: Mode): FuzzedRequest {
    const random = this.#random;
    const request = fuzzedRequest({
      random,
      world: this.#options.world,
      correlationId: (this.#correlationId += 1),
      lies: mode === 'lying' ? random.pick([0.01, 0.05, 0.2]) : 0,
      ...(mode === 'flood' && { flood: random.pick([1_000, 10_000, 50_000, 110_000, 1_000_000]) }),
    });
    if (mode === 'flood') return { ...request, isWellFormed: false };
    this.#sent.push(request.frame);
    if (this.#sent.length > SPLICED_KEPT) this.#sent.shift();
    if (mode !== 'mutated') return request;
    const frame = mutated(request.frame, this.#sent, random);
    return { frame, isWellFormed: false, what: `${request.what}, bytes changed` };
  }

  /** Sends what has no end, or a wrong length, or goes away in the middle. */
  #breakOff(mode: Mode, requests: readonly FuzzedRequest[]): void {
    const connection = this.#connection!;
    const bytes = Buffer.concat(requests.map(({ frame }) => prefixed(frame)));
    if (mode === 'framing') {
      const lengths = [-1, -0x80000000, 0, 1, 7, bytes.length, 0x7fffffff, 100 * 1024 * 1024];
      bytes.writeInt32BE(this.#random.pick(lengths), 0);
      connection.send(bytes);
    } else {
      connection.send(bytes.subarray(0, this.#random.int(1, bytes.length)));
    }
    this.#connection = undefined;
    const end = () => (mode === 'reset' ? connection.reset() : connection.close());
    if (this.#random.chance(0.5)) end();
    else setTimeout(end, this.#random.int(1, 200));
  }

  async #readAnswers(connection: RawConnection, requests: readonly FuzzedRequest[]): Promise<void> {
    const waiting = requests.map((request) => ({ request, question: asked(request.frame) }));
    for (;;) {
      const answer = await connection.next(ANSWER_MS_MAX);
      if (answer === 'silent') return this.#notAnswered(connection, requests);
      if (answer === 'closed') return this.#closedAfter(connection, waiting);
      this.answers += 1;
      const id = answer.length >= 4 ? answer.readInt32BE(0) : undefined;
      // Produce may have no answer: acks=0.
      while (waiting[0]?.question?.key === ApiKeys.Produce && waiting[0].question.id !== id) {
        waiting.shift();
      }
      const next = waiting.shift();
      if (!next) {
        if (id !== SENTINEL_ID) this.#found(`an answer that nobody asked for`, requests);
        return;
      }
      if (!next.question) return this.#found('an answer to a frame without a header', requests);
      const problem = problemOf(answer, next.question, this.#options.world);
      if (problem === undefined) continue;
      this.#found(`${next.request.what}: ${problem}`, [next.request]);
      if (id !== next.question.id) break;
    }
    connection.close();
  }

  #notAnswered(connection: RawConnection, requests: readonly FuzzedRequest[]): void {
    connection.close();
    const mayWait = requests.some(({ frame }) => WAITING_APIS.includes(asked(frame)?.key ?? -1));
    if (!mayWait) this.#found(`no answer in ${ANSWER_MS_MAX} ms`, requests);
  }

  #closedAfter(
    connection: RawConnection,
    waiting: readonly { request: FuzzedRequest; question: { key: number } | undefined }[],
  ): void {
    this.closed += 1;
    if (connection.problem !== undefined) {
      return this.#found(
        connection.problem,
        waiting.map(({ request }) => request),
      );
    }
    const mayClose = waiting.some(
      ({ request, question }) =>
        !request.isWellFormed || !question || CLOSING_APIS.includes(question.key),
    );
    const [first] = waiting;
    if (!mayClose && first) this.#found(`${first.request.what}: closed`, [first.request]);
  }

  #found(text: string, requests: readonly FuzzedRequest[]): void {
    this.#options.onFinding(
      text,
      requests.map(({ frame }) => frame),
    );
  }
}

function prefixed(frame: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(4);
  prefix.writeInt32BE(frame.length);
  return Buffer.concat([prefix, frame]);
}

/** ApiVersions 0, which is always answered: then everything sent before it has been handled. */
function sentinel(): Buffer {
  const frame = Buffer.alloc(10);
  frame.writeInt16BE(ApiKeys.ApiVersions, 0);
  frame.writeInt32BE(SENTINEL_ID, 4);
  frame.writeInt16BE(-1, 8);
  return prefixed(frame);
}
