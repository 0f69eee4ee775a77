import 'reflect-metadata';
import { eventually, GraphqlClient, TestBroker } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createApplication } from '../application.ts';

const LIVE = `subscription { live {
  epoch seq at brokerError
  totals { inPerSecond outPerSecond lag topics groups }
  topics { name endOffsetSum inPerSecond outPerSecond }
  groups { groupId state health members lag topics
    partitions { topic partition committedOffset endOffset lag } } } }`;

interface Frame {
  live: {
    epoch: string;
    seq: number;
    at: number;
    brokerError: string | null;
    totals: { inPerSecond: number | null; lag: number | null; topics: number };
    topics: { name: string; endOffsetSum: number; inPerSecond: number | null }[];
    groups: {
      groupId: string;
      health: string;
      members: number;
      lag: number | null;
      partitions: { partition: number; committedOffset: number | null; lag: number | null }[];
    }[];
  };
}

let broker: TestBroker;
let relay: Relay;
let api: TestApi;
let kafka: Kafka;

beforeAll(async () => {
  broker = await TestBroker.start();
  relay = await Relay.start(broker.port);
  api = await TestApi.start(createApplication, { bootstrap: relay.bootstrap });
  kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await relay?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
});

describe('the live subscription', () => {
  test('gives a frame at once and then one a second', async () => {
    await using client = new GraphqlClient(api.url);
    const warm = client.subscribe<Frame>(LIVE);
    await warm.until(() => true);
    // At once: it gets the frame that is there, unless a new one comes at that very moment.
    const frames = await eventually(async () => {
      const newest = warm.last!.live.seq;
      const subscribed = client.subscribe<Frame>(LIVE);
      const { live } = await subscribed.until(() => true);
      return live.seq === newest && subscribed;
    });
    await eventually(() => frames.values.length >= 4);
    const [first, ...others] = frames.values.map((frame) => frame.live);
    expect(others.map((frame) => frame.seq)).toEqual([1, 2, 3].map((n) => first!.seq + n));
    expect(new Set(others.map((frame) => frame.epoch)).size).toBe(1);
    const span = frames.values[3]!.live.at - frames.values[1]!.live.at;
    expect(span).toBeGreaterThan(1_600);
  });

  test('shows an acknowledged record in the first frame that is computed after it', async () => {
    await using client = new GraphqlClient(api.url);
    const frames = client.subscribe<Frame>(LIVE);
    await frames.until(() => true);
    const producer = kafka.producer();
    await producer.connect();
    for (let sent = 1; sent <= 3; sent += 1) {
      await producer.send({ topic: 'latency', acks: -1, messages: [{ value: `${sent}` }] });
      const known = frames.values.length;
      await frames.until(({ live }) => endOf(live, 'latency') >= sent);
      const index = frames.values.findIndex(({ live }) => endOf(live, 'latency') >= sent);
      // The frame after these may have been under way.
      expect(index).toBeLessThanOrEqual(known + 1);
    }
    await producer.disconnect();
  });

  test('counts a burst into a new topic as throughput', async () => {
    await using client = new GraphqlClient(api.url);
    const frames = client.subscribe<Frame>(LIVE);
    await frames.until(() => true);
    await send('burst', 1_707);
    const rates = async () =>
      frames.values.map(({ live }) => live.topics.find((topic) => topic.name === 'burst'));
    const moved = await eventually(async () =>
      (await rates()).find((topic) => (topic?.inPerSecond ?? 0) > 0),
    );
    expect(moved.inPerSecond).toBeGreaterThan(200);
  });

  test('shows the lag of a group per partition, and unknown where nothing is committed', async () => {
    await using client = new GraphqlClient(api.url);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'lagging', numPartitions: 2 }] });
    const producer = kafka.producer();
    await producer.connect();
    const record = (partition: number) => ({ partition, value: 'x' });
    const messages = Array.from({ length: 20 }, (_, index) => record(index % 2));
    await producer.send({ topic: 'lagging', messages });
    await producer.disconnect();
    await admin.setOffsets({
      groupId: 'lagging-group',
      topic: 'lagging',
      partitions: [{ partition: 0, offset: '4' }],
    });
    await admin.disconnect();
    const frames = client.subscribe<Frame>(LIVE);
    // The client that sets offsets joins the group for a moment.
    const { live } = await frames.until(({ live }) => {
      const group = groupOf(live, 'lagging-group');
      return group?.lag === 6 && group.members === 0;
    });
    expect(groupOf(live, 'lagging-group')).toMatchObject({
      members: 0,
      health: 'NO_MEMBERS',
      partitions: [{ partition: 0, committedOffset: 4, lag: 6 }],
    });
  });

  test('tells of a rebalance and of the group that lost its last member', async () => {
    await using client = new GraphqlClient(api.url);
    const events = client.subscribe<{ events: { kind: string; subject: string; message: string } }>(
      'subscription { events { kind subject message } }',
    );
    await send('shared', 10);
    const members = [await join('shared-group', 'shared'), await join('shared-group', 'shared')];
    await events.until(
      ({ events: { kind, message } }) =>
        kind === 'GROUP_REBALANCED' && message.endsWith('2 members'),
      20_000,
    );
    await members[0]!.disconnect();
    const left = await events.until(
      ({ events: { message } }) => message.includes('2 → 1 member'),
      20_000,
    );
    expect(left.events).toMatchObject({ kind: 'GROUP_REBALANCED', subject: 'shared-group' });
    await members[1]!.disconnect();
    const emptied = await events.until(
      ({ events: { kind, subject } }) => kind === 'GROUP_EMPTIED' && subject === 'shared-group',
      20_000,
    );
    expect(emptied.events.message).toBe('shared-group has no members any more (it had 1)');
  });
});

describe('while the broker does not answer', () => {
  test('frames go on with the reason and without figures, and recover at the next looks', async () => {
    await using client = new GraphqlClient(api.url);
    const frames = client.subscribe<Frame>(LIVE);
    await frames.until(({ live }) => live.brokerError === null && live.totals.inPerSecond !== null);
    relay.cut();
    const { live: lost } = await frames.next(({ live }) => live.brokerError !== null);
    expect(lost.totals).toMatchObject({ inPerSecond: null, lag: null });
    expect(lost.totals.topics).toBeGreaterThan(0);
    expect(lost.groups.every((group) => group.lag === null && group.health === 'UNKNOWN')).toBe(
      true,
    );
    await frames.next();
    relay.mend();
    const mended = frames.values.length;
    await frames.next(({ live }) => live.brokerError === null);
    const without = frames.values.slice(mended).filter(({ live }) => live.brokerError !== null);
    expect(without.length).toBeLessThanOrEqual(2);
    const { events } = await client.query<{ events: { nodes: { kind: string }[] } }>(
      '{ events(subject: "broker") { nodes { kind } } }',
    );
    await eventually(() => events.nodes.length >= 2);
    expect(events.nodes.map((event) => event.kind).slice(0, 2)).toEqual([
      'BROKER_CONNECTED',
      'BROKER_LOST',
    ]);
  });

  test('a broker that hangs stops no frame, and no query waits for it without end', async () => {
    await using client = new GraphqlClient(api.url);
    const frames = client.subscribe<Frame>(LIVE);
    await frames.until(({ live }) => live.brokerError === null);
    relay.hang();
    await frames.next(({ live }) => live.brokerError !== null);
    // A query that hangs as the broker does, and frames that come meanwhile.
    const asked = client.ask('{ topics { totalCount } }');
    const from = frames.values.length;
    await eventually(() => frames.values.length >= from + 3);
    const { errors } = await asked;
    expect(errors[0]?.extensions?.code).toBe('BROKER_UNAVAILABLE');
    relay.mend();
    await frames.next(({ live }) => live.brokerError === null, 8_000);
  });
});

describe('the socket', () => {
  test('is closed with 1001 when the server stops, and streams are not completed', async () => {
    const other = await TestApi.start(createApplication, { bootstrap: relay.bootstrap });
    await using client = new GraphqlClient(other.url);
    const frames = client.subscribe<Frame>(LIVE);
    await frames.until(() => true);
    await other[Symbol.asyncDispose]();
    await eventually(() => client.closeCodes.length > 0);
    expect(client.closeCodes).toEqual([1001]);
    expect(frames.completed).toBe(false);
  });

  test('runs a selection once for all who ask the same', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 5 }, () => Promise.resolve(new GraphqlClient(api.url))),
    );
    const received = sockets.map((socket) => socket.subscribe<Frame>(LIVE));
    await Promise.all(received.map((frames) => frames.until(() => true)));
    const { live } = await received[0]!.next();
    const same = await Promise.all(
      received.map((frames) => frames.until((f) => f.live.seq === live.seq)),
    );
    expect(new Set(same.map((frame) => JSON.stringify(frame))).size).toBe(1);
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()));
  });

  test('refuses a page of another origin', async () => {
    const socket = new WebSocket(
      `${api.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
      {
        origin: 'http://evil.example',
      },
    );
    const outcome = await new Promise<string>((resolve) => {
      socket.once('open', () => resolve('open'));
      socket.once('error', (error) => resolve(error.message));
    });
    expect(outcome).toContain('403');
  });
});

async function send(topic: string, records: number): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: records }, (_, index) => ({ value: `${index}` }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}

async function join(groupId: string, topic: string): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ eachMessage: () => Promise.resolve() });
  return consumer;
}

function endOf(live: Frame['live'], name: string): number {
  return live.topics.find((topic) => topic.name === name)?.endOffsetSum ?? -1;
}

function groupOf(live: Frame['live'], groupId: string) {
  return live.groups.find((group) => group.groupId === groupId);
}

/**
 * Stands between api and broker and can be cut (connections are refused) or made to hang (they are
 * accepted and nothing comes back). The metadata of the broker names the broker itself, so a single
 * relay would be left after the first answer: its port is put in the place of the broker's.
 */
class Relay implements AsyncDisposable {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #hanging = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(target: number): Promise<Relay> {
    const relay = new Relay(target);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    relay.#port = (relay.#server.address() as { port: number }).port;
    return relay;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.#port}`;
  }

  cut(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  hang(): void {
    this.#hanging = true;
  }

  mend(): void {
    this.#hanging = false;
    if (!this.#server.listening) {
      this.#server = createServer((socket) => this.#accept(socket));
      this.#server.listen(this.#port, '127.0.0.1');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const upstream = connect(this.#target, '127.0.0.1');
    for (const each of [socket, upstream]) {
      this.#sockets.add(each);
      each.on('error', () => undefined);
      each.on('close', () => {
        this.#sockets.delete(each);
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.on('data', (bytes) => this.#hanging || upstream.write(bytes));
    upstream.on('data', (bytes) => this.#hanging || socket.write(this.#renamed(bytes)));
  }

  /**
   * The port as the int32 that Metadata carries; the test's answers are small enough to be whole.
   */
  #renamed(bytes: Buffer): Buffer {
    const from = Buffer.alloc(4);
    from.writeInt32BE(this.#target);
    const at = bytes.indexOf(from);
    if (at >= 0) {
      bytes.writeInt32BE(this.#port, at);
    }
    return bytes;
  }
}
