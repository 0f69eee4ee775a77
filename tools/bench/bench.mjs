// npm run bench: builds what is missing, then measures. `npm run bench -- NAME …` for some of them.
import { join } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { root } from '../install/repository.mjs';
import { runNode, runTool } from '../install/tool.mjs';

await runTool(async () => {
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  // The libraries that the load clients need run from their sources.
  const script = join(root, 'tools', 'bench', 'main.ts');
  await runNode(['--conditions=source', script, ...process.argv.slice(2)]);
});
