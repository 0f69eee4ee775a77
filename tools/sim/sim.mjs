// npm run sim: plays seeded schedules of faults on a simulated machine. `npm run sim -- --help`
// says how.
import { join } from 'node:path';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { root } from '../install/repository.mjs';
import { runNode, runTool } from '../install/tool.mjs';

await runTool(async () => {
  checkNode();
  await ensureInstalled();
  // Everything runs from the sources: nothing has to be built first.
  const script = join(root, 'tools', 'sim', 'main.ts');
  await runNode(['--conditions=source', script, ...process.argv.slice(2)]);
});
