import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedProcess, run } from '@penstock/testing';
import { hasProgram, runCommand } from '../../install/command.mjs';
import { NotOffered, type Driver } from '../driver.ts';
import type {
  JoinRequest,
  Polled,
  ProduceRequest,
  ReadRecord,
  ReadRequest,
  Requests,
} from '../protocol.ts';
import { nodeClients } from './node.ts';
import type { Client, ClientSource } from './client.ts';

/** librdkafka as Debian has it (2.0.2 in bookworm), through its command line program. */
export const kcatClient: ClientSource = {
  name: 'kcat',
  title: 'librdkafka of kcat',
  async prepare() {
    if (!(await hasProgram('kcat'))) return 'kcat is not installed';
    const { output } = await runCommand('kcat', ['-V']);
    const version = /librdkafka ([\d.]+)/.exec(output)?.[1] ?? 'unknown';
    const admin = await nodeClients[0]!.prepare('');
    if (typeof admin === 'string') return admin;
    return kcat(`librdkafka ${version} (kcat)`, admin);
  },
};

function kcat(title: string, admin: Client): Client {
  return {
    name: 'kcat',
    title,
    // Its text formats cannot tell null from empty. kcat itself chooses timestamps and commits.
    lacks: [
      'timestamps',
      'null keys and values apart from empty ones',
      'null header values',
      'empty headers',
      'commit metadata',
      'manual commits',
      'seeking',
      'offsets of what it sent',
    ],
    start: (servers) => new KcatDriver(servers),
    helper: (servers) => admin.start(servers),
  };
}

const separator = '\u0001';
const recordFormat = `${['%t', '%p', '%o', '%T', '%k', '%h', '%s'].join('\\x01')}\\x02`;

class KcatDriver implements Driver {
  readonly #servers: string;
  #member: KcatMember | undefined;

  constructor(servers: string) {
    this.#servers = servers;
  }

  async do<K extends keyof Requests>(
    what: K,
    request: Requests[K]['in'],
  ): Promise<Requests[K]['out']> {
    return (await this.#run(what, request as never)) as Requests[K]['out'];
  }

  async kill(): Promise<void> {
    await this.#member?.kill();
  }

  async #run(what: keyof Requests, request: never): Promise<unknown> {
    switch (what) {
      case 'cluster':
        return { brokers: (await this.#metadata()).brokers.length };
      case 'topics':
        return { names: (await this.#metadata()).topics.map(({ topic }) => topic) };
      case 'produce':
        return this.#produce(request);
      case 'read':
        return { records: await this.#read(request) };
      case 'offsetsFor':
        return this.#offsetsFor(request);
      case 'join':
        this.#member = new KcatMember(this.#servers, request);
        return {};
      case 'poll':
        return this.#member!.poll((request as { ms: number }).ms);
      case 'leave':
        await this.#member!.leave();
        return {};
      default:
        throw new NotOffered(what);
    }
  }

  async #metadata(): Promise<{ brokers: unknown[]; topics: { topic: string }[] }> {
    const { stdout } = await run('kcat', ['-L', '-J', '-b', this.#servers]);
    return JSON.parse(stdout) as never;
  }

  /** One process per set of headers, because kcat gives all records that it sends the same ones. */
  async #produce(request: ProduceRequest): Promise<Requests['produce']['out']> {
    const folder = await mkdtemp(join(tmpdir(), 'penstock-kcat-'));
    try {
      const shared = [
        ...['-P', '-E', '-b', this.#servers, '-t', request.topic, '-D', '\\x02', '-K', '\\x01'],
        ...['-z', request.codec ?? 'none', '-X', `acks=${request.acks ?? 'all'}`],
        ...['-X', 'linger.ms=100', '-X', 'message.max.bytes=50000000'],
        ...['-X', `enable.idempotence=${request.idempotent ?? false}`],
        ...(request.partition < 0 ? [] : ['-p', String(request.partition)]),
      ];
      // kcat reports no offsets, and knows the partition only if it was given one.
      const placed: [number, null][] = [];
      for (const group of groupsOf(request)) {
        const headers = group.headers.flatMap(([name, value]) => [
          '-H',
          `${name}=${Buffer.from(value ?? '', 'base64').toString()}`,
        ]);
        const file = join(folder, 'records');
        await writeFile(file, group.bytes);
        if (request.everyMs === undefined) {
          await run('kcat', [...shared, ...headers, '-l', file]);
        } else {
          await this.#produceSlowly([...shared, ...headers], group.bytes, request.everyMs);
        }
        placed.push(...Array<[number, null]>(group.count).fill([request.partition, null]));
      }
      return { placed };
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async #produceSlowly(args: string[], bytes: Buffer, everyMs: number): Promise<void> {
    const slowly =
      'const b=require("fs").readFileSync(0);let at=0;const t=setInterval(()=>{const e=b.indexOf(2,at);' +
      'if(e<0){clearInterval(t);return}process.stdout.write(b.subarray(at,e+1));at=e+1},' +
      `${everyMs})`;
    const quoted = args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ');
    const shell = `'${process.execPath}' -e '${slowly.replaceAll("'", `'\\''`)}' | kcat ${quoted}`;
    await run('sh', ['-c', shell], { input: bytes.toString() });
  }

  async #read(request: ReadRequest): Promise<ReadRecord[]> {
    const from = { earliest: 'beginning', latest: 'end' }[String(request.from)] ?? request.from;
    const args = [
      ...['-C', '-b', this.#servers, '-t', request.topic, '-p', String(request.partition)],
      ...['-o', String(from), '-c', String(request.count), '-q', '-f', recordFormat],
      ...['-X', 'fetch.message.max.bytes=10000000'],
    ];
    const reader = new ManagedProcess({ command: 'kcat', args });
    const timer = setTimeout(() => reader.kill(), request.timeoutMs ?? 15_000);
    await reader.exited;
    clearTimeout(timer);
    return recordsIn(reader.stdout);
  }

  async #offsetsFor(request: Requests['offsetsFor']['in']): Promise<{ offset: number }> {
    const at = { earliest: '-2', latest: '-1' }[String(request.at)] ?? String(request.at);
    if (at === 'max-timestamp') throw new NotOffered(at);
    const place = `${request.topic}:${request.partition}:${at}`;
    const { stdout } = await run('kcat', ['-Q', '-b', this.#servers, '-t', place]);
    return { offset: Number(/offset (-?\d+)/.exec(stdout)?.[1]) };
  }
}

/** Neighbours with the same headers, as bytes for kcat's input. */
function groupsOf(request: ProduceRequest) {
  const groups: { headers: [string, string | null][]; bytes: Buffer; count: number }[] = [];
  for (const { key, value, headers = [] } of request.records) {
    const parts = [Buffer.from(key ?? '', 'base64'), Buffer.from([1])];
    const bytes = Buffer.concat([...parts, Buffer.from(value ?? '', 'base64'), Buffer.from([2])]);
    const last = groups.at(-1);
    if (last !== undefined && JSON.stringify(last.headers) === JSON.stringify(headers)) {
      last.bytes = Buffer.concat([last.bytes, bytes]);
      last.count += 1;
    } else {
      groups.push({ headers, bytes, count: 1 });
    }
  }
  return groups;
}

function recordsIn(output: string): ReadRecord[] {
  const whole = output.slice(0, output.lastIndexOf('\u0002') + 1);
  return whole
    .split('\u0002')
    .slice(0, -1)
    .map((line) => {
      const [topic, partition, offset, timestamp, key, headers, value] = line.split(separator);
      const pairs = headers!.split(',').filter((pair) => pair !== '');
      return {
        topic: topic!,
        partition: Number(partition),
        offset: Number(offset),
        timestamp: Number(timestamp),
        key: key === '' ? null : Buffer.from(key!).toString('base64'),
        value: Buffer.from(value!).toString('base64'),
        headers: pairs.map((pair): [string, string] => {
          const at = pair.indexOf('=');
          return [pair.slice(0, at), Buffer.from(pair.slice(at + 1)).toString('base64')];
        }),
      };
    });
}

/** `kcat -G`: says on its standard error what it was assigned. */
class KcatMember {
  readonly #process: ManagedProcess;
  #read = 0;

  constructor(servers: string, request: JoinRequest) {
    const settings = {
      'auto.offset.reset': 'earliest',
      'session.timeout.ms': request.sessionTimeoutMs ?? 6000,
      'heartbeat.interval.ms': 300,
      'partition.assignment.strategy':
        request.strategy === 'cooperative' ? 'cooperative-sticky' : 'range',
      'fetch.wait.max.ms': 100,
      ...(request.instanceId === undefined ? {} : { 'group.instance.id': request.instanceId }),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
    const args = ['-G', request.group, '-b', servers, '-u', '-E', ...options, '-f', recordFormat];
    this.#process = new ManagedProcess({ command: 'kcat', args: [...args, ...request.topics] });
  }

  async poll(ms: number): Promise<Polled> {
    const deadline = performance.now() + ms;
    let records: ReadRecord[];
    do {
      await new Promise((resolve) => setTimeout(resolve, 50));
      records = recordsIn(this.#process.stdout.slice(this.#read));
    } while (records.length === 0 && performance.now() < deadline);
    this.#read = this.#process.stdout.lastIndexOf('\u0002') + 1;
    if (this.#process.exit !== undefined) throw new Error(`kcat ended: ${this.#process.stderr}`);
    return { records, ...assignmentIn(this.#process.stderr) };
  }

  async leave(): Promise<void> {
    await this.#process.stop('SIGTERM');
  }
  async kill(): Promise<void> {
    await this.#process.stop('SIGKILL');
  }
}

/**
 * Follows lines such as "% Group g rebalanced (memberid …): assigned: t [0], t [1]" and
 * "% Group g rebalanced: incremental revoke of 1 partition(s) (memberid …): t [0]".
 */
function assignmentIn(complaints: string): Pick<Polled, 'assigned' | 'rebalances'> {
  let assigned: [string, number][] = [];
  let rebalances = 0;
  for (const line of complaints.split('\n')) {
    const match = /rebalanced.*?: (?:incremental )?(assign|revoke|unassign)\w*.*?: ?(.*)$/.exec(
      line,
    );
    if (match === null) continue;
    const places = [...match[2]!.matchAll(/([\w.-]+) \[(\d+)\]/g)].map(
      ([, topic, partition]): [string, number] => [topic!, Number(partition)],
    );
    const isIn = (place: [string, number]) => places.some((one) => one.join() === place.join());
    if (match[1] === 'assign') {
      rebalances += 1;
      assigned = [...assigned.filter((place) => !isIn(place)), ...places];
    } else {
      assigned = assigned.filter((place) => !isIn(place));
    }
  }
  return { assigned, rebalances };
}
