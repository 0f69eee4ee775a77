import { ManagedProcess } from '@penstock/testing';
import { expect, test } from 'vitest';

const folder = new URL('./', import.meta.url).href;

/** A process that waits for a step that never ends, as a user's operator may. */
const stuck = `
  import { onShutdown } from '${folder}shutdown.ts';
  import { StopSteps } from '${folder}stop-steps.ts';
  const steps = new StopSteps();
  const logger = { info() {}, fatal: (fields) => console.log(JSON.stringify(fields.waitsFor)) };
  onShutdown(async () => {
    await steps.waitFor('what ends', Promise.resolve());
    await steps.waitFor('stream processor alerts', new Promise(() => {}));
  }, { logger, steps });
  setInterval(() => {}, 1000);
  process.send({ type: 'ready' });`;

test.each([
  ['before the signal', ['message', 'SIGTERM']],
  ['after it', ['SIGTERM', 'message']],
])('a process told %s how much time it has says what it waited for', async (_when, order) => {
  await using stopped = new ManagedProcess({
    command: process.execPath,
    args: ['--input-type=module', '--eval', stuck],
    ipc: true,
  });
  await expect.poll(() => stopped.messages).toContainEqual({ type: 'ready' });
  for (const what of order) {
    if (what === 'message') stopped.child.send({ type: 'stop', graceMs: 100 });
    else stopped.kill('SIGTERM');
  }
  expect(await stopped.exited).toEqual({ code: 1, signal: null });
  expect(stopped.stdout.trim()).toBe('["stream processor alerts"]');
});
