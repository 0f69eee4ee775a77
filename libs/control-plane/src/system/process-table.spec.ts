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
      restarts: 1,
      lastExit: 'signal SIGKILL',
    });
    const starting = { ...backingOff, pid: 11, state: 'STARTING' as const };
    const again = { ...starting, state: 'RUNNING' as const };
    expect(told([running], [backingOff])).toEqual(['PROCESS_EXITED worker exited: signal SIGKILL']);
    expect(told([backingOff], [starting])).toEqual([]);
    expect(told([starting], [again])).toEqual(['PROCESS_STARTED worker started (pid 11)']);
  });

  it('tell both when the steps between were not seen', () => {
    const now = process_({ pid: 11, restarts: 1, lastExit: 'code 1' });
    expect(told([process_({})], [now])).toEqual([
      'PROCESS_EXITED worker exited: code 1',
      'PROCESS_STARTED worker started (pid 11)',
    ]);
  });
});
