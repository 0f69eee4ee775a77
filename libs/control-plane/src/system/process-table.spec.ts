import { describe, expect, it } from 'vitest';
import { type ProcessEntry, processEvents } from './process-table.ts';

function process_(changes: Partial<ProcessEntry>): ProcessEntry {
  return {
    name: 'worker',
    pid: 10,
    state: 'RUNNING',
    startedAt: 1,
    restarts: 0,
    lastExit: null,
    ...changes,
  };
}

function told(before: ProcessEntry[], now: ProcessEntry[]): string[] {
  return processEvents(before, now).map(({ kind, message }) => `${kind} ${message}`);
}

describe('events of processes', () => {
  it('are none while nothing changes', () => {
    expect(told([process_({})], [process_({})])).toEqual([]);
  });

  it('tell the start of a process that was not there', () => {
    expect(told([], [process_({})])).toEqual(['PROCESS_STARTED worker started (pid 10)']);
  });

  it('tell an exit with its reason when the process backs off, and the start after it, once each', () => {
    const running = process_({});
    const backingOff = process_({
      pid: null,
      state: 'BACKING_OFF',
      lastExit: 'signal SIGKILL',
    });
    const starting = { ...backingOff, pid: 11, state: 'STARTING' as const, restarts: 1 };
    const again = { ...starting, state: 'RUNNING' as const };
    expect(told([running], [backingOff])).toEqual(['PROCESS_EXITED worker ended: signal SIGKILL']);
    expect(told([backingOff], [starting])).toEqual([]);
    expect(told([starting], [again])).toEqual(['PROCESS_STARTED worker started (pid 11)']);
  });

  it('tell both when the steps between were not seen', () => {
    const now = process_({ pid: 11, restarts: 1, lastExit: 'code 1' });
    expect(told([process_({})], [now])).toEqual([
      'PROCESS_EXITED worker ended: code 1',
      'PROCESS_STARTED worker started (pid 11)',
    ]);
  });

  it('tell no exit when the pid of a program becomes known that was started by another', () => {
    const starting = process_({ pid: 20, state: 'STARTING' });
    expect(told([starting], [process_({ pid: 21 })])).toEqual([
      'PROCESS_STARTED worker started (pid 21)',
    ]);
  });

  it('are as many exits and starts as there were, of whatever messages some are missed', () => {
    const life = (restarts: number): ProcessEntry[] => [
      process_({ pid: 10 + restarts, state: 'STARTING', restarts }),
      process_({ pid: 10 + restarts, state: 'RUNNING', restarts }),
      process_({ pid: null, state: 'BACKING_OFF', restarts, lastExit: 'signal SIGKILL' }),
    ];
    const messages = [...life(0), ...life(1), ...life(2)];
    for (let missed = 0; missed < 2 ** messages.length; missed += 7) {
      const seen = messages.filter((_, index) => (missed >> index) % 2 === 0);
      const exits = seen
        .slice(1)
        .flatMap((entry, index) => told([seen[index]!], [entry]))
        .filter((event) => event.startsWith('PROCESS_EXITED'));
      expect(exits.length, `without ${missed.toString(2)}`).toBeLessThanOrEqual(3);
      if (seen.length === messages.length) {
        expect(exits).toHaveLength(3);
      }
    }
  });
});
