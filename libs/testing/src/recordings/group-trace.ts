import {
  ApiKeys,
  encodeConsumerSubscription,
  type ApiKey,
  type RequestInputOf,
} from '@penstock/kafka-protocol';
import { AnswerFormat } from './group-trace-format.ts';

/** A broker that a trace is played to. */
export interface TraceTarget {
  /** Put before the names of groups and topics, so that a shared cluster keeps runs apart. */
  readonly prefix: string;
  /** Sends a request as a client of this name; `onAnswer` may be called much later, or never. */
  send<K extends ApiKey>(
    client: string,
    request: { apiKey: K; version: number; body: RequestInputOf<K> },
    onAnswer: (body: unknown) => void,
  ): void;
  /** Resolves when no more answers are to be expected before time moves on. */
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
  restart(): Promise<void>;
  /** Runs the retention of offsets once. */
  expire(): Promise<void>;
  /** Closes the connections of a client. */
  disconnect(client: string): void;
}

/**
 * Plays a trace of group requests: lines of commands, each followed by what it made happen (lines
 * that start with two spaces). `run` takes the commands and returns the whole text, so that a trace
 * recorded on one broker can be compared with another's. Member ids become `<client>-<n>`; groups
 * and topics are written without the target's prefix.
 */
export class GroupTrace {
  readonly #target: TraceTarget;
  readonly #format: AnswerFormat;
  readonly #output: string[] = [];
  #answers: { client: string; order: number; api: string; body: unknown }[] = [];
  #order = 0;

  constructor(target: TraceTarget) {
    this.#target = target;
    this.#format = new AnswerFormat(target.prefix);
  }

  async run(commands: readonly string[]): Promise<string> {
    for (const command of commands) {
      this.#output.push(command);
      if (command.trim() === '' || command.startsWith('#')) continue;
      const [verb = '', ...words] = command.split(/\s+/);
      if (verb === 'settings') continue;
      await this.#execute(verb, new Options(words));
      await this.#target.settle();
      this.#flush();
    }
    return this.#output.join('\n');
  }

  async #execute(verb: string, options: Options): Promise<void> {
    const target = this.#target;
    switch (verb) {
      case 'advance':
        return target.advance(options.number('ms', 0));
      case 'restart':
        return target.restart();
      case 'expire':
        return target.expire();
      case 'disconnect':
        return target.disconnect(options.text('client', 'a'));
      case 'create-topic':
        return this.#createTopic(options);
      case 'delete-topic':
        return this.#deleteTopic(options);
      default: {
        const request = REQUESTS[verb];
        if (!request) throw new Error(`unknown command ${verb}`);
        const { apiKey, version, body } = request(options, this.#format);
        this.#send(options.text('client', defaultClient(options)), verb, apiKey, version, body);
      }
    }
  }

  #send(client: string, verb: string, apiKey: ApiKey, version: number, body: unknown): void {
    const order = (this.#order += 1);
    const request = { apiKey, version, body: body as RequestInputOf<ApiKey> };
    this.#target.send(client, request, (answer) =>
      this.#answers.push({ client, order, api: verb, body: answer }),
    );
  }

  /** Answers of one command come over several connections, in no particular order. */
  #flush(): void {
    this.#answers.sort((a, b) => a.client.localeCompare(b.client) || a.order - b.order);
    for (const { client, api, body } of this.#answers) {
      this.#output.push(`  ${client} ${api}: ${this.#format.answer(body)}`);
    }
    this.#answers = [];
  }

  #createTopic(options: Options): Promise<void> {
    const topic = {
      name: this.#format.realName(options.text('topic', 't')),
      numPartitions: options.number('partitions', 1),
      replicationFactor: 1,
      assignments: [],
      configs: [],
    };
    return this.#silently(ApiKeys.CreateTopics, 5, { topics: [topic], validateOnly: false });
  }

  #deleteTopic(options: Options): Promise<void> {
    const name = this.#format.realName(options.text('topic', 't'));
    return this.#silently(ApiKeys.DeleteTopics, 4, { topicNames: [name], timeoutMs: 5_000 });
  }

  async #silently<K extends ApiKey>(
    apiKey: K,
    version: number,
    body: RequestInputOf<K>,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#target.send('admin', { apiKey, version, body }, () => resolve());
    await promise;
    await this.#target.settle();
  }
}

interface Prepared {
  readonly apiKey: ApiKey;
  readonly version: number;
  readonly body: unknown;
}

type Prepare = (options: Options, format: AnswerFormat) => Prepared;

const REQUESTS: Readonly<Record<string, Prepare>> = {
  join: (options, format) => ({
    apiKey: ApiKeys.JoinGroup,
    version: options.number('v', 9),
    body: {
      groupId: format.realName(options.text('group', 'g')),
      sessionTimeoutMs: options.number('session', 10_000),
      rebalanceTimeoutMs: options.number('rebalance', 60_000),
      memberId: format.realId(options.text('id', '')),
      groupInstanceId: options.textOrNull('instance'),
      protocolType: options.text('type', 'consumer'),
      protocols: options.list('protocols', 'range:1').map((protocol) => {
        const [name = '', metadata = ''] = protocol.split(':');
        return { name, metadata: format.bytes(metadata, subscription(metadata, format)) };
      }),
      reason: options.textOrNull('reason'),
    } satisfies RequestInputOf<typeof ApiKeys.JoinGroup>,
  }),
  sync: (options, format) => {
    const version = options.number('v', 5);
    return {
      apiKey: ApiKeys.SyncGroup,
      version,
      body: {
        ...member(options, format),
        ...(version >= 5 && {
          protocolType: options.textOrNull('type', 'consumer'),
          protocolName: options.textOrNull('protocol', 'range'),
        }),
        assignments: options.list('assign', '').map((pair) => {
          const [memberId = '', assignment = ''] = pair.split(':');
          const bytes = format.bytes(assignment, Buffer.from(assignment));
          return { memberId: format.realId(memberId), assignment: bytes };
        }),
      } satisfies RequestInputOf<typeof ApiKeys.SyncGroup>,
    };
  },
  heartbeat: (options, format) => ({
    apiKey: ApiKeys.Heartbeat,
    version: options.number('v', 4),
    body: member(options, format),
  }),
  leave: (options, format) => ({
    apiKey: ApiKeys.LeaveGroup,
    version: options.number('v', 5),
    body: {
      groupId: format.realName(options.text('group', 'g')),
      memberId: format.realId(options.text('id', '')),
      members: options.list('members', '').map((each) => {
        const [memberId = '', instance] = each.split(':');
        return { memberId: format.realId(memberId), groupInstanceId: instance ?? null };
      }),
    } satisfies RequestInputOf<typeof ApiKeys.LeaveGroup>,
  }),
  commit: (options, format) => ({
    apiKey: ApiKeys.OffsetCommit,
    version: options.number('v', 9),
    body: {
      groupId: format.realName(options.text('group', 'g')),
      generationIdOrMemberEpoch: options.number('gen', -1),
      memberId: format.realId(options.text('id', '')),
      groupInstanceId: options.textOrNull('instance'),
      retentionTimeMs: options.number('retention', -1),
      topics: options.list('topic', 't').map((topic) => ({
        name: format.realName(topic),
        partitions: options.list('partitions', '0').map((partition) => ({
          partitionIndex: Number(partition),
          committedOffset: options.number('offset', 0),
          committedLeaderEpoch: options.number('epoch', -1),
          committedMetadata: options.textOrNull('metadata', ''),
        })),
      })),
    } satisfies RequestInputOf<typeof ApiKeys.OffsetCommit>,
  }),
  fetch: (options, format) => {
    const asked = options.list('topic', 't').map((name) => ({
      name: format.realName(name),
      partitionIndexes: options.list('partitions', '0').map(Number),
    }));
    const topics = options.text('topic', 't') === 'all' ? null : asked;
    const groups = options.list('group', 'g').map((group) => format.realName(group));
    return {
      apiKey: ApiKeys.OffsetFetch,
      version: options.number('v', 9),
      body: {
        groupId: groups[0] ?? '',
        topics,
        requireStable: options.text('stable', 'false') === 'true',
        groups: (groups.length === 0 ? [''] : groups).map((groupId) => ({
          groupId,
          topics,
          memberId: options.textOrNull('id'),
          memberEpoch: options.number('gen', -1),
        })),
      } satisfies RequestInputOf<typeof ApiKeys.OffsetFetch>,
    };
  },
  describe: (options, format) => ({
    apiKey: ApiKeys.DescribeGroups,
    version: options.number('v', 6),
    body: {
      groups: options.names('group', 'g').map((group) => format.realName(group)),
      includeAuthorizedOperations: false,
    } satisfies RequestInputOf<typeof ApiKeys.DescribeGroups>,
  }),
  list: (options) => ({
    apiKey: ApiKeys.ListGroups,
    version: options.number('v', 5),
    body: {
      statesFilter: options.list('states', ''),
      typesFilter: options.list('types', ''),
    } satisfies RequestInputOf<typeof ApiKeys.ListGroups>,
  }),
  delete: (options, format) => ({
    apiKey: ApiKeys.DeleteGroups,
    version: options.number('v', 2),
    body: {
      groupsNames: options.names('group', 'g').map((group) => format.realName(group)),
    } satisfies RequestInputOf<typeof ApiKeys.DeleteGroups>,
  }),
  'delete-offsets': (options, format) => ({
    apiKey: ApiKeys.OffsetDelete,
    version: 0,
    body: {
      groupId: format.realName(options.text('group', 'g')),
      topics: options.list('topic', 't').map((topic) => ({
        name: format.realName(topic),
        partitions: options
          .list('partitions', '0')
          .map((partition) => ({ partitionIndex: Number(partition) })),
      })),
    } satisfies RequestInputOf<typeof ApiKeys.OffsetDelete>,
  }),
};

function member(options: Options, format: AnswerFormat) {
  return {
    groupId: format.realName(options.text('group', 'g')),
    generationId: options.number('gen', 1),
    memberId: format.realId(options.text('id', '')),
    groupInstanceId: options.textOrNull('instance'),
  };
}

/** `@t+u` is a subscription to the topics t and u; everything else is bytes without a meaning. */
function subscription(text: string, format: AnswerFormat): Buffer {
  if (!text.startsWith('@')) return Buffer.from(text);
  const names = text.slice(1).split('+');
  return encodeConsumerSubscription({
    topics: names.filter((name) => name !== '').map((name) => format.realName(name)),
  });
}

function defaultClient(options: Options): string {
  const id = options.text('id', '');
  return id === '' ? 'admin' : id.replace(/-\d+$/, '');
}

class Options {
  readonly #values: ReadonlyMap<string, string>;

  constructor(words: readonly string[]) {
    const pairs = words.map((word) => {
      const equals = word.indexOf('=');
      return [word.slice(0, equals), word.slice(equals + 1)] as const;
    });
    this.#values = new Map(pairs);
  }

  /** `x*5` stands for five x. */
  text(name: string, otherwise: string): string {
    const value = this.#values.get(name) ?? otherwise;
    const repeated = /^(.)\*(\d+)$/u.exec(value);
    return repeated ? repeated[1]!.repeat(Number(repeated[2])) : value;
  }

  textOrNull(name: string, otherwise = 'null'): string | null {
    const value = this.text(name, otherwise);
    return value === 'null' ? null : value;
  }

  number(name: string, otherwise: number): number {
    return Number(this.#values.get(name) ?? otherwise);
  }

  /** Comma-separated; nothing is an empty list. */
  list(name: string, otherwise: string): string[] {
    const value = this.text(name, otherwise);
    return value === '' ? [] : value.split(',');
  }

  /** Comma-separated; nothing is one empty name. */
  names(name: string, otherwise: string): string[] {
    return this.text(name, otherwise).split(',');
  }
}
