import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeResponse, encodeRequest, type ApiKey } from '@penstock/kafka-protocol';
import { FakeClock, GroupTrace, settled, TestBroker, type TraceTarget } from '@penstock/testing';
import { expect, test } from 'vitest';
import { ALL_HANDLERS } from '../handlers/all-handlers.ts';
import { RequestDispatcher } from '../network/request-dispatcher.ts';

/**
 * Plays the traces in testdata/ to this broker. What stands there below each command is what Apache
 * Kafka 4.3.1 answered to the same bytes: a difference is a bug of ours, unless the trace's first
 * lines say that and why it is not recorded from Kafka. `vitest -u` writes what happens now.
 */
const TESTDATA = join(import.meta.dirname, 'testdata');

for (const file of readdirSync(TESTDATA)) {
  test(`group trace ${file}`, async () => {
    const path = join(TESTDATA, file);
    const commands = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith('  '));
    const clock = new FakeClock(1_700_000_000_000);
    await using broker = await TestBroker.start({ clock, settings: settingsOf(commands) });
    const trace = new GroupTrace(new InProcessTarget(clock, broker));
    await expect(await trace.run(commands)).toMatchFileSnapshot(path);
  });
}

/**
 * A real broker with a clock that is moved by hand; requests reach it as bytes, but by no socket.
 */
class InProcessTarget implements TraceTarget {
  readonly prefix = '';
  readonly #clock: FakeClock;
  readonly #broker: TestBroker;
  readonly #listeners = new Map<string, Set<() => void>>();
  #dispatcher: RequestDispatcher;

  constructor(clock: FakeClock, broker: TestBroker) {
    this.#clock = clock;
    this.#broker = broker;
    this.#dispatcher = new RequestDispatcher(broker.broker.context, ALL_HANDLERS);
  }

  send<K extends ApiKey>(
    client: string,
    { apiKey, version, body }: { apiKey: K; version: number; body: unknown },
    onAnswer: (body: unknown) => void,
  ): void {
    const header = { correlationId: 1, clientId: client };
    const request = Buffer.concat(encodeRequest(apiKey, version, header, body as never));
    const listeners = this.#listenersOf(client);
    const isConnected = () => this.#listeners.get(client) === listeners;
    const { answer } = this.#dispatcher.dispatch(request.subarray(LENGTH_BYTES), {
      host: '/127.0.0.1',
      advertised: { host: '127.0.0.1', port: 9092 },
      onDisconnect: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    });
    void Promise.resolve(answer).then((encoded) => {
      if (!isConnected()) return;
      const frame = Buffer.concat(encoded?.chunks ?? []).subarray(LENGTH_BYTES);
      onAnswer(decodeResponse(apiKey, version, frame).body);
    });
  }

  async settle(): Promise<void> {
    await settled();
    await this.#clock.advance(0);
    await settled();
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  async restart(): Promise<void> {
    this.#listeners.clear();
    await this.#broker.restart();
    this.#dispatcher = new RequestDispatcher(this.#broker.broker.context, ALL_HANDLERS);
  }

  expire(): Promise<void> {
    return this.#broker.broker.context.groups.offsets.expire();
  }

  disconnect(client: string): void {
    for (const listener of this.#listenersOf(client)) listener();
    this.#listeners.delete(client);
  }

  #listenersOf(client: string): Set<() => void> {
    const listeners = this.#listeners.get(client) ?? new Set();
    this.#listeners.set(client, listeners);
    return listeners;
  }
}

const LENGTH_BYTES = 4;

/** `settings a=1 b=2`: the broker's settings by Kafka's names. */
function settingsOf(commands: readonly string[]): Record<string, string> {
  const line = commands.find((command) => command.startsWith('settings ')) ?? '';
  const words = line.split(' ').slice(1);
  return Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
}
