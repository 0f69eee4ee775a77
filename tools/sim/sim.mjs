// npm run sim: plays seeded schedules of faults on a simulated machine. `npm run sim -- --help` says how.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root } from '../install/repository.mjs';

try {
  checkNode();
  await ensureInstalled();
  // Everything runs from the sources: nothing has to be built first.
  const script = join(root, 'tools', 'sim', 'main.ts');
  const args = ['--conditions=source', script, ...process.argv.slice(2)];
  const simulation = spawn(productNode(), args, {
    cwd: root,
    env: childEnvironment(),
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((resolve) =>
    simulation.once('exit', (code) => resolve(code ?? 1)),
  );
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
