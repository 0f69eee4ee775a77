import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorName } from '@penstock/kafka-protocol';
import { silentLogger } from '@penstock/kafka-log';
import { FakeClock, MemoryMetadataStore, settled } from '@penstock/testing';
import { expect, test } from 'vitest';
import { GroupCoordinator } from './group-coordinator.ts';
import type { JoinResult, SyncResult } from './group-results.ts';

/**
 * Runs the traces in testdata/. A trace is commands, each followed by what it made happen (lines that
 * start with two spaces); `vitest -u` writes what happens now. Group and topic are always `g` and `t`.
 */
const TESTDATA = join(import.meta.dirname, 'testdata');

for (const file of readdirSync(TESTDATA)) {
  test(`group trace ${file}`, async () => {
    const path = join(TESTDATA, file);
    const lines = readFileSync(path, 'utf8').split('\n');
    const commands = lines.filter((line) => !line.startsWith('  '));
    const trace = new GroupTrace();
    await expect(await trace.run(commands)).toMatchFileSnapshot(path);
  });
}

class GroupTrace {
  readonly #clock = new FakeClock(1_000_000);
  readonly #store = new MemoryMetadataStore();
  #output: string[] = [];
  #idCount = 0;
  #initialDelayMs = 0;
  #coordinator = this.#newCoordinator();

  async run(commands: readonly string[]): Promise<string> {
    for (const command of commands) {
      this.#output.push(command);
      if (command.trim() === '' || command.startsWith('#')) continue;
      const [verb = '', ...words] = command.split(/\s+/);
      await this.#execute(verb, parseWords(words));
      await settled();
    }
    this.#coordinator.close();
    return this.#output.join('\n');
  }

  #say(line: string): void {
    this.#output.push(`  ${line}`);
  }

  async #execute(verb: string, options: Options): Promise<void> {
    switch (verb) {
      case 'initial-delay':
        this.#initialDelayMs = Number(options.get('ms'));
        return;
      case 'advance':
        return this.#clock.advance(Number(options.get('ms')));
      case 'restart':
        return this.#restart();
      case 'join':
        return this.#join(options);
      case 'sync':
        return this.#sync(options);
      case 'heartbeat':
        return this.#say(errorName(this.#coordinator.heartbeat(memberOf(options))));
      case 'leave':
        return this.#leave(options);
      case 'commit':
        return this.#commit(options);
      case 'fetch':
        return this.#fetch(options);
      case 'describe':
        return this.#describe();
      case 'delete':
        return this.#say(errorName(await this.#coordinator.delete('g')));
      case 'expire':
        return this.#coordinator.offsets.expire();
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #newCoordinator(): GroupCoordinator {
    return new GroupCoordinator({
      clock: this.#clock,
      logger: silentLogger,
      newUuid: () => String((this.#idCount += 1)),
      write: (changes) => this.#store.writeGroups(changes),
      settings: {
        initialRebalanceDelayMs: () => this.#initialDelayMs,
        minSessionTimeoutMs: () => 6_000,
        maxSessionTimeoutMs: () => 1_800_000,
        maxSize: () => 5,
        offsetMetadataMaxBytes: () => 16,
        offsetsRetentionMs: () => 60_000,
      },
    });
  }

  async #restart(): Promise<void> {
    this.#coordinator.close();
    this.#coordinator = this.#newCoordinator();
    const { groups, offsets } = await this.#store.load();
    this.#coordinator.restore(groups, offsets);
  }

  #join(options: Options): void {
    const client = options.get('client') ?? 'c';
    const version = Number(options.get('v') ?? 9);
    const protocols = (options.get('protocols') ?? 'range:1').split(',').map((protocol) => {
      const [name = '', metadata = ''] = protocol.split(':');
      return { name, metadata: Buffer.from(metadata) };
    });
    void this.#coordinator
      .join({
        groupId: options.get('group') ?? 'g',
        memberId: options.get('id') ?? '',
        groupInstanceId: options.get('instance') ?? null,
        clientId: client,
        clientHost: '/127.0.0.1',
        protocolType: options.get('type') ?? 'consumer',
        protocols,
        sessionTimeoutMs: Number(options.get('session') ?? 10_000),
        rebalanceTimeoutMs: Number(options.get('rebalance') ?? 60_000),
        requiresKnownMemberId: version >= 4,
        supportsSkippingAssignment: version >= 9,
      })
      .then((result) => this.#say(`${client} join: ${formatJoin(result)}`));
  }

  #sync(options: Options): void {
    const assignments = new Map<string, Buffer>();
    for (const pair of options.get('assign')?.split(',') ?? []) {
      const [memberId = '', assignment = ''] = pair.split(':');
      assignments.set(memberId, Buffer.from(assignment));
    }
    const member = memberOf(options);
    void this.#coordinator
      .sync({ ...member, protocolType: null, protocolName: null, assignments })
      .then((result) => this.#say(`${member.memberId} sync: ${formatSync(result)}`));
  }

  #leave(options: Options): void {
    const { memberId, groupInstanceId } = memberOf(options);
    for (const left of this.#coordinator.leave('g', [{ memberId, groupInstanceId }])) {
      this.#say(errorName(left.error));
    }
  }

  async #commit(options: Options): Promise<void> {
    const retention = options.get('retention');
    const errors = await this.#coordinator.offsets.commit('g', memberOf(options), 9, [
      {
        topic: options.get('topic') ?? 't',
        partition: 0,
        offset: Number(options.get('offset')),
        leaderEpoch: 0,
        metadata: options.get('metadata') ?? '',
        retentionMs: retention === undefined ? null : Number(retention),
      },
    ]);
    this.#say(errors.map(errorName).join(' '));
  }

  #fetch(options: Options): void {
    const committed = this.#coordinator.offsets.fetch('g', options.get('topic') ?? 't', 0);
    this.#say(committed ? `offset=${committed.offset} metadata=${committed.metadata}` : 'none');
  }

  #describe(): void {
    const { state, protocolName, members, error } = this.#coordinator.describe('g');
    const names = members.map(({ memberId, assignment }) => `${memberId}:${String(assignment)}`);
    this.#say(`${errorName(error)} ${state} protocol=${protocolName} members=${names.join(',')}`);
  }
}

type Options = Map<string, string>;

function parseWords(words: readonly string[]): Options {
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=');
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

function memberOf(options: Options) {
  return {
    groupId: 'g',
    memberId: options.get('id') ?? '',
    generationId: Number(options.get('gen') ?? -1),
    groupInstanceId: options.get('instance') ?? null,
  };
}

function formatJoin(result: JoinResult): string {
  if (result.error !== 0) return `${errorName(result.error)} id=${result.memberId}`;
  const members = result.members.map(({ memberId, metadata }) => `${memberId}:${String(metadata)}`);
  const skip = result.skipAssignment ? ' skip-assignment' : '';
  return `gen=${result.generationId} id=${result.memberId} leader=${result.leaderId} protocol=${result.protocolName} members=${members.join(',')}${skip}`;
}

function formatSync(result: SyncResult): string {
  return result.error === 0 ? `assignment=${String(result.assignment)}` : errorName(result.error);
}
