// npm run compat: builds what is missing, then runs the compatibility suite. `npm run compat -- --help` for more.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root } from '../install/repository.mjs';

try {
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  const script = join(root, 'tools', 'compat', 'main.ts');
  const args = ['--conditions=source', '--no-warnings', script, ...process.argv.slice(2)];
  const suite = spawn(productNode(), args, {
    cwd: root,
    env: childEnvironment(),
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((resolve) =>
    suite.once('exit', (code) => resolve(code ?? 1)),
  );
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
