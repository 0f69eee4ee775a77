import type { StreamProcessorState, StreamProcessorStatus } from '@penstock/pipelines';
import type { LoggerPort } from '@penstock/pipelines';
import { type PlacedDefinition, Placement } from './placement.ts';
import { ProcessorThread, type ThreadEnd } from './processor-thread.ts';
import { memoryWords, stuckWords, uncaughtWords } from './thread-end-words.ts';
import type { ThreadOptions, Wanted } from './thread-messages.ts';

export interface ProcessorThreadsOptions {
  readonly config: ThreadOptions['config'];
  readonly memoryMb: number;
  readonly logger: LoggerPort;
  readonly onState: (pipeline: string, state: StreamProcessorState, reason: string | null) => void;
  readonly onDeadLetters: (pipeline: string, reasons: readonly string[]) => void;
}

/** Of a pipeline that the pool does not know any more. */
const HANDLER_TIMEOUT_MS = 30_000;

/**
 * The threads that run the stream processors of a worker: one for all of them, because a thread
 * costs tens of MB, and one more for each pipeline that ended the thread it ran in.
 *
 * A thread ends because a function did not come back, because its memory was used up, or because of
 * an error that nothing caught. When it is known whose fault that was, the others run on in a new
 * thread at once, and the one at fault runs alone from then on, after a wait. When it is not known,
 * each of them runs alone until the one at fault has shown itself; then the others are brought
 * together again. State is fenced by its file and outputs are delivered again, so the end of a
 * thread is to a pipeline what the end of a process is: nothing is lost or counted twice.
 */
export class ProcessorThreads {
  readonly #options: ProcessorThreadsOptions;
  readonly #placements = new Map<string, Placement>();
  readonly #waits = new Set<NodeJS.Timeout>();
  #module = '';
  #wanted: Wanted = { paused: new Set(), choices: new Map() };
  /** The thread for all that are not alone. */
  #shared: ProcessorThread | null = null;
  /** Threads that end so that their pipelines run together with the others again. */
  readonly #joining = new WeakSet<ProcessorThread>();
  #replacing = false;
  #stopping = false;

  constructor(options: ProcessorThreadsOptions) {
    this.#options = options;
  }

  /**
   * A thread that has the module's pipelines and runs none of them yet. Rejects when it is refused.
   */
  async load(module: string): Promise<ProcessorThread> {
    const thread = this.#newThread(module);
    await thread.loaded;
    return thread;
  }

  /** Runs the pipelines of a module from now on, in place of those before. */
  async replace(
    module: string,
    loaded: ProcessorThread | null,
    definitions: readonly PlacedDefinition[],
  ): Promise<void> {
    const names = definitions.map(({ name }) => name);
    this.#waits.forEach(clearTimeout);
    this.#waits.clear();
    const running = this.#threads();
    this.#shared = null;
    this.#replacing = true;
    await Promise.all(running.map((thread) => thread.stop(names)));
    this.#replacing = false;
    for (const name of this.#placements.keys()) {
      if (!names.includes(name)) this.#placements.delete(name);
    }
    for (const definition of definitions) {
      const placement = this.#placements.get(definition.name);
      placement?.redefine(definition);
      if (placement === undefined) {
        this.#placements.set(definition.name, new Placement(definition));
      }
    }
    this.#module = module;
    if (loaded !== null && !loaded.hasEnded && !this.#stopping) this.#shared = loaded;
    this.#start([...this.#placements.values()]);
    if (this.#stopping) await loaded?.stop();
  }

  /** What is wanted from now on. */
  follow(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#threads().forEach((thread) => thread.follow(wanted));
  }

  statusOf(pipeline: string): StreamProcessorStatus | undefined {
    return this.#placements.get(pipeline)?.status;
  }

  statuses(): Array<readonly [pipeline: string, status: StreamProcessorStatus]> {
    return [...this.#placements].map(([name, { status }]) => [name, status]);
  }

  /** Drains all of them; `waitFor` is given the end of each pipeline under its name. */
  async stop(waitFor: (pipeline: string, end: Promise<void>) => Promise<void>): Promise<void> {
    this.#stopping = true;
    this.#waits.forEach(clearTimeout);
    const placements = [...this.#placements.values()];
    const ends = new Map(this.#threads().map((thread) => [thread, thread.stop()]));
    await Promise.all(
      placements.map(async ({ name, thread }) => {
        const end = thread === null ? undefined : ends.get(thread);
        if (end !== undefined) await waitFor(name, end);
      }),
    );
  }

  #threads(): ProcessorThread[] {
    const threads = [...this.#placements.values()].flatMap(({ thread }) => thread ?? []);
    return [...new Set(this.#shared === null ? threads : [...threads, this.#shared])];
  }

  /** Starts pipelines where they belong. */
  #start(placements: readonly Placement[]): void {
    if (this.#stopping) return;
    const together = placements.filter(({ isAlone }) => !isAlone);
    if (together.length > 0) {
      const shared = (this.#shared ??= this.#newThread(this.#module));
      this.#run(shared, together);
    }
    for (const placement of placements) {
      if (placement.isAlone) this.#run(this.#newThread(this.#module), [placement]);
    }
  }

  #run(thread: ProcessorThread, placements: readonly Placement[]): void {
    const orders = placements.map((placement) => placement.order(thread));
    thread.run(orders, this.#wanted);
  }

  #newThread(module: string): ProcessorThread {
    const { config, memoryMb } = this.#options;
    const thread = new ProcessorThread({
      pipelines: module,
      config,
      memoryMb,
      handlerTimeoutMs: (pipeline) =>
        this.#placements.get(pipeline)?.definition.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS,
    });
    const placed = (pipeline: string): Placement | undefined => {
      const placement = this.#placements.get(pipeline);
      return placement?.thread === thread ? placement : undefined;
    };
    thread.listen({
      onState: this.#options.onState,
      onDeadLetters: this.#options.onDeadLetters,
      onStatus: (pipeline, status) => {
        const placement = placed(pipeline);
        if (placement !== undefined) placement.status = status;
      },
      onMember: (pipeline, memberId) => placed(pipeline)?.joined(memberId),
      onEnd: (end) => this.#ended(thread, end),
    });
    return thread;
  }

  #ended(thread: ProcessorThread, end: ThreadEnd): void {
    if (this.#shared === thread) this.#shared = null;
    const there = [...this.#placements.values()].filter((each) => each.thread === thread);
    there.forEach((placement) => placement.ended());
    if (this.#stopping || this.#replacing || there.length === 0) return;
    if (end.kind === 'stopped') {
      if (this.#joining.has(thread)) this.#start(there);
      return;
    }
    if (end.kind === 'refused') {
      this.#startLater(there, end.reason);
      return;
    }
    const named = nameIn(end);
    const atFault =
      there.find(({ name }) => name === named) ?? (there.length === 1 ? there[0] : undefined);
    if (atFault === undefined) {
      this.#separate(there, end);
      return;
    }
    this.#blame(atFault, end);
    this.#start(there.filter((each) => each !== atFault));
    this.#bringTogether();
  }

  /** One of them is at fault: alone, it will show itself. */
  #separate(placements: readonly Placement[], end: ThreadEnd): void {
    const { logger, memoryMb } = this.#options;
    const pipelines = placements.map(({ name }) => name);
    const reason = reasonOf(end, memoryMb);
    logger.warn({ pipelines, reason }, 'one of these ended their thread: each runs alone now');
    for (const placement of placements) {
      placement.isAlone = true;
      placement.isSuspect = true;
      placement.isFollowed ||= end.kind === 'uncaught';
    }
    this.#start(placements);
  }

  #blame(placement: Placement, end: ThreadEnd): void {
    placement.isFollowed ||= end.kind === 'uncaught';
    const reason = this.#judge(placement, end);
    placement.isAlone = true;
    placement.isSuspect = false;
    this.#startLater([placement], reason);
  }

  #startLater(placements: readonly Placement[], reason: string): void {
    const waitsMs = placements.map((placement) => placement.failed(reason));
    placements.forEach(({ name }) => this.#options.onState(name, 'failed', reason));
    const wait = setTimeout(
      () => {
        this.#waits.delete(wait);
        this.#start(placements);
      },
      Math.max(...waitsMs),
    );
    this.#waits.add(wait);
  }

  /** Counts the attempt where there was one; returns what is said of it. */
  #judge(placement: Placement, end: ThreadEnd): string {
    const { memoryMb } = this.#options;
    const reason = reasonOf(end, memoryMb);
    const { deadLetterTopic, handlerTimeoutMs } = placement.definition;
    const isGivenUp = (isLast: boolean): string =>
      isLast ? `${reason}; it goes to ${deadLetterTopic}` : reason;
    if (end.kind === 'memory' && end.work !== null && placement.isAlone && !placement.isSuspect) {
      return isGivenUp(placement.cutOffForMemory(end.work, reason));
    }
    if (end.kind === 'uncaught' && end.work !== null) {
      return isGivenUp(placement.cutOff(end.work, reason));
    }
    if (end.kind !== 'stuck' || end.stuck.work === null) return reason;
    if (end.stuck.ms < handlerTimeoutMs) {
      return `${reason}; the pipeline runs in a thread of its own from now on`;
    }
    return isGivenUp(placement.cutOff(end.stuck.work, reason));
  }

  /** The one at fault has shown itself: those that only ran alone to find it run together again. */
  #bringTogether(): void {
    for (const placement of this.#placements.values()) {
      const { thread, isSuspect } = placement;
      if (!isSuspect || thread === null) continue;
      placement.isAlone = false;
      placement.isSuspect = false;
      this.#joining.add(thread);
      void thread.stop([placement.name]);
    }
  }
}

function nameIn(end: ThreadEnd): string | null {
  switch (end.kind) {
    case 'stuck':
      return end.stuck.pipeline;
    case 'memory':
      // Whoever worked at that moment need not be the one that grew.
      return null;
    case 'uncaught':
      return end.pipeline;
    default:
      return null;
  }
}

function reasonOf(end: ThreadEnd, memoryMb: number): string {
  switch (end.kind) {
    case 'stuck':
      return stuckWords(end.stuck.work, end.stuck.ms);
    case 'memory':
      return memoryWords(end.work, memoryMb);
    case 'uncaught':
      return uncaughtWords(end.work, end.reason);
    case 'refused':
      return end.reason;
    case 'stopped':
      return 'it was stopped';
  }
}
