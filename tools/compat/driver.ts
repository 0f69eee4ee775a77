import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Requests } from './protocol.ts';

/** The client has no such call, or not with this option. */
export class NotOffered extends Error {}

/** One running client; `kill` ends it the hard way, as a crash would. */
export interface Driver {
  do<K extends keyof Requests>(what: K, request: Requests[K]['in']): Promise<Requests[K]['out']>;
  kill(): Promise<void>;
}

const ANSWER_MS_MAX = 120_000;

/** A client in a process of its own that is told what to do by lines of JSON. */
export class ProcessDriver implements Driver {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #ended: Promise<void>;
  #complaints = '';
  #lastId = 0;
  #isOver = false;

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command[0]!, command.slice(1), { env: { ...process.env, ...env } });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#receive(line));
    this.#ended = new Promise((resolve) => {
      const over = (reason: string) => {
        this.#isOver = true;
        for (const answer of this.#waiting.values()) answer({ id: 0, error: reason });
        this.#waiting.clear();
        resolve();
      };
      this.#child.once('error', (error) => over(`the client did not start: ${error.message}`));
      this.#child.once('close', () => over(`the client ended: ${this.#complaints.trim()}`));
    });
  }

  async do<K extends keyof Requests>(
    what: K,
    request: Requests[K]['in'],
  ): Promise<Requests[K]['out']> {
    if (this.#isOver) throw new Error(`the client has ended: ${this.#complaints.trim()}`);
    const id = (this.#lastId += 1);
    const answer = await new Promise<Answer>((resolve) => {
      const timer = setTimeout(
        () => resolve({ id, error: `no answer to ${what} within ${ANSWER_MS_MAX} ms` }),
        ANSWER_MS_MAX,
      );
      this.#waiting.set(id, (answered) => {
        clearTimeout(timer);
        resolve(answered);
      });
      this.#child.stdin.write(`${JSON.stringify({ id, do: what, ...request })}\n`);
    });
    this.#waiting.delete(id);
    if (answer.missing !== undefined) throw new NotOffered(answer.missing);
    if (answer.error !== undefined) throw new Error(`${what}: ${answer.error}`);
    return answer.ok as Requests[K]['out'];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #receive(line: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      // What a library prints to standard output by itself.
      this.#complaints = `${this.#complaints}${line}\n`.slice(-4000);
      return;
    }
    this.#waiting.get(answer.id)?.(answer);
  }
}

interface Answer {
  id: number;
  ok?: unknown;
  error?: string;
  missing?: string;
}
