// npm run build: installs what is missing and builds what changed.
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { runTool } from '../install/tool.mjs';
import { ensureBuilt } from './parts.mjs';

await runTool(async () => {
  checkNode();
  await ensureInstalled();
  const built = await ensureBuilt();
  if (built.length === 0) console.log('Nothing to build.');
});
