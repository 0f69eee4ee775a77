// npm run compat: builds what is missing, then runs the compatibility suite. `npm run compat --
// --help` for more.
import { join } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { root } from '../install/repository.mjs';
import { runNode, runTool } from '../install/tool.mjs';

await runTool(async () => {
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  const script = join(root, 'tools', 'compat', 'main.ts');
  await runNode(['--conditions=source', '--no-warnings', script, ...process.argv.slice(2)]);
});
