// npm run docs: writes the documents that are made of the sources.
import { join } from 'node:path';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { root } from '../install/repository.mjs';
import { runNode, runTool } from '../install/tool.mjs';

await runTool(async () => {
  checkNode();
  await ensureInstalled();
  await runNode(['--conditions=source', join(root, 'tools', 'docs', 'docs.ts')]);
});
