// npm run bench: builds what is missing, then measures. `npm run bench -- NAME …` for some of them.
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
  // The libraries that the load clients need run from their sources.
  const script = join(root, 'tools', 'bench', 'main.ts');
  const args = ['--conditions=source', script, ...process.argv.slice(2)];
  const bench = spawn(productNode(), args, {
    cwd: root,
    env: childEnvironment(),
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((resolve) =>
    bench.once('exit', (code) => resolve(code ?? 1)),
  );
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
