// npm run build: installs what is missing and builds what changed.
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { ensureBuilt } from './parts.mjs';

try {
  checkNode();
  await ensureInstalled();
  const built = await ensureBuilt();
  if (built.length === 0) console.log('Nothing to build.');
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
