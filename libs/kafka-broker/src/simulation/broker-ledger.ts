import type { Attempt, Crash, Promised } from '@penstock/kafka-log/faults';
import {
  PartitionChecker,
  Register,
  Violation,
  type RegisterWrite,
} from '@penstock/kafka-log/faults';

/** Whether a topic is there, and under which id if that is known. */
export interface TopicState {
  readonly exists: boolean;
  readonly id: string | undefined;
}

const GONE: TopicState = { exists: false, id: undefined };

function isSameTopic(a: TopicState, b: TopicState): boolean {
  return a.exists === b.exists && (a.id === undefined || b.id === undefined || a.id === b.id);
}

function showTopic({ exists, id }: TopicState): string {
  return exists ? `there${id === undefined ? '' : ` as ${id}`}` : 'gone';
}

/** How many partitions a topic has, which only grows. */
export class PartitionCount {
  readonly #register: Register<number>;
  readonly #name: string;
  /** What was acknowledged. */
  atLeast: number;

  constructor(topicId: string, count: number) {
    this.#name = `${topicId}'s partitions`;
    this.#register = new Register(this.#name, count);
    this.atLeast = count;
  }

  begin(): { at: number; atLeast: number } {
    return { at: this.#register.begin(), atLeast: this.atLeast };
  }

  grow(count: number): RegisterWrite<number> {
    const write = this.#register.write(count);
    const acknowledge = (): void => {
      write.acknowledge();
      this.atLeast = Math.max(this.atLeast, count);
    };
    return { acknowledge, refuse: () => write.refuse() };
  }

  /** @throws Violation */
  read(count: number, { at, atLeast }: { at: number; atLeast: number }): void {
    if (count < atLeast) throw new Violation(`${this.#name} are ${count}, and were ${atLeast}`);
    this.#register.read(count, at);
  }

  settle(): void {
    this.#register.settle();
  }
}

/** What is known of one topic name, through all its incarnations. */
export class TopicLedger {
  readonly name: string;
  readonly register: Register<TopicState>;
  /** Counts the beginnings and ends of what creates and deletes it. */
  version = 0;
  /** Id of the incarnation that is surely there. */
  knownId: string | undefined;
  partitions: PartitionCount | undefined;
  maxMessageBytes: Register<string> | undefined;
  /** Counts the beginnings and ends of what changes whatever has this name. */
  changes = 0;
  #changesUnderWay = 0;
  /** Old records may go without DeleteRecords. */
  isTrimmed = false;
  isCompacted = false;

  constructor(name: string) {
    this.name = name;
    this.register = new Register<TopicState>(`topic ${name}`, GONE, isSameTopic, showTopic);
  }

  /** It may be another topic from now on. */
  changeHands(): void {
    this.version++;
    this.knownId = undefined;
    this.partitions = undefined;
    this.maxMessageBytes = undefined;
  }

  /** A request that changes the topic of this name. */
  async change<T>(request: Promise<T>): Promise<T> {
    this.changes++;
    this.#changesUnderWay++;
    const answer = await request;
    this.changes++;
    this.#changesUnderWay--;
    return answer;
  }

  /** True when no request by name can have changed the topic since `changes` was read. */
  isUnchangedSince(changes: number): boolean {
    return this.changes === changes && this.#changesUnderWay === 0;
  }

  crashed(): void {
    this.version++;
    this.#changesUnderWay = 0;
    this.register.settle();
    this.partitions?.settle();
    this.maxMessageBytes?.settle();
  }

  /** The name has surely not changed hands since `version`. */
  isStill(version: number): boolean {
    return this.version === version && this.register.isCertain;
  }
}

/** What the deletion of a topic does to its committed offsets, from when it was asked for. */
class OffsetsDeletion {
  readonly topic: string;
  readonly #writes: RegisterWrite<number>[] = [];
  #isDone = false;

  constructor(topic: string) {
    this.topic = topic;
  }

  add(register: Register<number>): void {
    if (!this.#isDone) this.#writes.push(register.write(-1));
  }

  acknowledge(): void {
    this.#isDone = true;
    for (const write of this.#writes) write.acknowledge();
  }
}

/** The ledger of a whole broker: what clients were told, and the check that it holds. */
export class BrokerLedger {
  readonly topics = new Map<string, TopicLedger>();
  readonly checkers = new Map<string, PartitionChecker>();
  readonly #attempts = new Map<string, { attempt: Attempt; place: string }>();
  readonly #offsets = new Map<string, Register<number>>();
  /** Deletions that may still take effect, and completed ones, until the next crash. */
  readonly #deletions = new Set<OffsetsDeletion>();
  readonly #generations = new Map<string, { stable: number; current: number }>();
  readonly #assignments = new Map<string, Map<string, string>>();
  readonly #starts = new Map<string, number>();
  readonly #keeps: Crash;
  /** os mode has lost power: offsets that were committed may lie beyond the log's end. */
  hasLostRecords = false;

  constructor(durability: 'fsync' | 'os') {
    this.#keeps = durability === 'fsync' ? 'power loss' : 'kill';
  }

  /** The worst crash that records acknowledged with `acks` must survive. */
  promisedBy(acks: number): Promised {
    return acks === -1 ? this.#keeps : 'kill';
  }

  topic(name: string): TopicLedger {
    let topic = this.topics.get(name);
    if (topic === undefined) this.topics.set(name, (topic = new TopicLedger(name)));
    return topic;
  }

  /** The ledger of a partition of the incarnation with this id. */
  checker(topic: TopicLedger, id: string, partition: number): PartitionChecker {
    const key = `${id}/${partition}`;
    let checker = this.checkers.get(key);
    if (checker === undefined) {
      const place = `${topic.name}/${partition}`;
      checker = new PartitionChecker(`${topic.name}-${partition} (${id})`, (recordId) => {
        const found = this.#attempts.get(recordId);
        return found?.place === place ? found.attempt : undefined;
      });
      this.checkers.set(key, checker);
    }
    checker.isCompacted ||= topic.isCompacted;
    const start = this.#starts.get(`${topic.name}/${partition}`) ?? 0;
    checker.allowStart(topic.isTrimmed ? Infinity : start);
    return checker;
  }

  attempt(attempt: Attempt, topic: string, partition: number): void {
    this.#attempts.set(attempt.id, { attempt, place: `${topic}/${partition}` });
  }

  /** DeleteRecords was asked for. */
  allowStart(topic: string, partition: number, offset: number): void {
    const key = `${topic}/${partition}`;
    this.#starts.set(key, Math.max(this.#starts.get(key) ?? 0, offset));
  }

  mayStartBeyondZero({ name, isTrimmed }: TopicLedger, partition: number): boolean {
    return isTrimmed || (this.#starts.get(`${name}/${partition}`) ?? 0) > 0;
  }

  /** A group's committed offset of a partition; -1 for none. */
  offset(group: string, topic: string, partition: number): Register<number> {
    const key = `${group}: ${topic}-${partition}`;
    let register = this.#offsets.get(key);
    if (register === undefined) {
      register = new Register<number>(`the committed offset of ${key}`, -1);
      this.#offsets.set(key, register);
      for (const deletion of this.#deletions) if (deletion.topic === topic) deletion.add(register);
    }
    return register;
  }

  /**
   * Deleting a topic takes its committed offsets along, also those that are committed for the first
   * time while it is under way.
   */
  forgetOffsets(topic: string): OffsetsDeletion {
    const deletion = new OffsetsDeletion(topic);
    for (const [key, register] of this.#offsets) {
      if (/: (.*)-\d+$/.exec(key)?.[1] === topic) deletion.add(register);
    }
    this.#deletions.add(deletion);
    return deletion;
  }

  /** A lower bound for the generations a group may have from now on. */
  generationFloor(group: string): number {
    return this.#generations.get(group)?.current ?? 0;
  }

  joined(group: string, generation: number, floor: number): void {
    const known = this.#generations.get(group) ?? { stable: 0, current: 0 };
    if (generation < floor) {
      throw new Violation(`group ${group} is at generation ${generation}, and was at ${floor}`);
    }
    known.current = Math.max(known.current, generation);
    this.#generations.set(group, known);
  }

  /** A SyncGroup was answered: this generation is stored. */
  synced(group: string, generation: number, leader: string, member: string, mine: string[]): void {
    const known = this.#generations.get(group) ?? { stable: 0, current: 0 };
    known.stable = Math.max(known.stable, generation);
    this.#generations.set(group, known);
    const key = `${group}/${generation}/${leader}`;
    const owners = this.#assignments.get(key) ?? new Map<string, string>();
    this.#assignments.set(key, owners);
    for (const partition of mine) {
      const owner = owners.get(partition);
      if (owner !== undefined && owner !== member) {
        throw new Violation(`${partition} belongs to ${owner} and ${member} in ${key}`);
      }
      owners.set(partition, member);
    }
  }

  crashed(crash: Crash): void {
    if (crash === 'power loss' && this.#keeps === 'kill') this.hasLostRecords = true;
    for (const checker of this.checkers.values()) checker.crashed(crash, this.#keeps);
    for (const register of this.#offsets.values()) register.settle();
    this.#deletions.clear();
    for (const topic of this.topics.values()) topic.crashed();
    // A generation is stored only with its assignments, in Kafka too.
    for (const known of this.#generations.values()) known.current = known.stable;
  }
}
