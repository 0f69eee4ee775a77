import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { onSupervisorMessage } from '@penstock/platform';
import { z } from 'zod';
import { EventRecorder } from '../events/index.ts';

const processState = z.enum(['STARTING', 'RUNNING', 'BACKING_OFF', 'STOPPED']);
const processesMessage = z.object({
  type: z.literal('processes'),
  processes: z
    .array(
      z.object({
        name: z.string(),
        pid: z.number().int().nullish(),
        state: processState,
        /** ms since epoch */
        startedAt: z.number().nullish(),
        restarts: z.number().int(),
        lastExit: z.string().nullish(),
      }),
    )
    .max(1_000),
});

export type ProcessState = z.infer<typeof processState>;

export interface ProcessEntry {
  readonly name: string;
  readonly pid: number | null;
  readonly state: ProcessState;
  readonly startedAt: number | null;
  readonly restarts: number;
  readonly lastExit: string | null;
}

/**
 * The processes of this installation as the supervisor last told them, and an event for each start
 * and exit. Empty when there is no supervisor (a process started by hand).
 */
@Injectable()
export class ProcessTable implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #events: EventRecorder;
  #processes: readonly ProcessEntry[] = [];
  #told = false;
  #unsubscribe: () => void = () => undefined;

  constructor(events: EventRecorder) {
    this.#events = events;
  }

  get processes(): readonly ProcessEntry[] {
    return this.#processes;
  }

  onApplicationBootstrap(): void {
    this.#unsubscribe = onSupervisorMessage((message) => this.receive(message));
  }

  onApplicationShutdown(): void {
    this.#unsubscribe();
  }

  /** Takes one message of the supervisor; messages of other types are not for this table. */
  receive(message: unknown): void {
    const parsed = processesMessage.safeParse(message);
    if (!parsed.success) {
      return;
    }
    const now = parsed.data.processes.map((entry) => ({
      name: entry.name,
      pid: entry.pid ?? null,
      state: entry.state,
      startedAt: entry.startedAt ?? null,
      restarts: entry.restarts,
      lastExit: entry.lastExit ?? null,
    }));
    const before = this.#told ? this.#processes : asBeforeOurStart(now);
    this.#told = true;
    this.#processes = now;
    for (const event of processEvents(before, now)) {
      this.#events.record(event.kind, event.subject, event.message, event.data);
    }
  }
}

/**
 * The first message comes after this process became ready. The starts of the others are not news in
 * it; our own restart is, since no other process could have recorded it.
 */
function asBeforeOurStart(now: readonly ProcessEntry[]): ProcessEntry[] {
  return now.map((entry) =>
    entry.pid === process.pid && entry.restarts > 0
      ? { ...entry, pid: UNKNOWN_PID, restarts: entry.restarts - 1, lastExit: null }
      : entry,
  );
}

/** The pid of a process of which it is only known that it ran. */
const UNKNOWN_PID = 0;

interface ProcessEvent {
  readonly kind: 'PROCESS_STARTED' | 'PROCESS_EXITED';
  readonly subject: string;
  readonly message: string;
  readonly data: Record<string, unknown>;
}

/** What happened between two states of the table. */
export function processEvents(
  before: readonly ProcessEntry[],
  now: readonly ProcessEntry[],
): ProcessEvent[] {
  const known = new Map(before.map((entry) => [entry.name, entry]));
  return now.flatMap((entry) => {
    const was = known.get(entry.name);
    const { name, pid, restarts, lastExit } = entry;
    const events: ProcessEvent[] = [];
    // One exit is one event, however many messages report it: lives are counted, not messages.
    if (was !== undefined && livesEnded(entry) > livesEnded(was)) {
      events.push({
        kind: 'PROCESS_EXITED',
        subject: name,
        message: `${name} ended${lastExit === null ? '' : `: ${lastExit}`}`,
        data: { pid: was.pid === UNKNOWN_PID ? null : was.pid, restarts, lastExit },
      });
    }
    const running = entry.state === 'RUNNING';
    if (running && (was === undefined || was.pid !== pid || was.state !== 'RUNNING')) {
      events.push({
        kind: 'PROCESS_STARTED',
        subject: name,
        message: `${name} started (pid ${pid ?? 'unknown'})`,
        data: { pid, restarts },
      });
    }
    return events;
  });
}

/** How often a process has ended: once before each restart, and once more while it has no pid. */
function livesEnded(entry: ProcessEntry): number {
  return entry.restarts + (entry.pid === null ? 1 : 0);
}
