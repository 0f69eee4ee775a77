import { ManagedProcess } from '@penstock/testing';
import { expect, test } from 'vitest';

test('a stop ends the programs of a preparation, and no other is started', async () => {
  const command = new URL('./command.mjs', import.meta.url).href;
  const script = `
    import { endCommands, runCommand } from '${command}';
    const running = runCommand('sleep', ['600']);
    const isDeaf = new Promise((resolve) => (process.stderr.write = resolve));
    const loop = 'trap "" TERM; echo deaf >&2; while :; do sleep 1; done';
    const deaf = runCommand('sh', ['-c', loop], { show: true });
    const apt = runCommand('sh', ['-c', 'sleep 0.2; echo whole'], { uninterrupted: true });
    await isDeaf;
    endCommands();
    const ended = [await running, await apt, await deaf, await runCommand('echo', ['started'])];
    console.log(JSON.stringify(ended));`;
  await using stopped = new ManagedProcess({
    command: process.execPath,
    args: ['--input-type=module', '--eval', script],
  });
  await stopped.exited;
  expect(JSON.parse(stopped.stdout)).toEqual([
    { code: 128, output: '' },
    { code: 0, output: 'whole\n' },
    { code: 128, output: 'deaf\n' },
    { code: 128, output: '' },
  ]);
});
