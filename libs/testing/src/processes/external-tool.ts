import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian puts servers, which is not in everybody's path. */
const FOLDERS_OF_SERVERS = ['/usr/local/sbin', '/usr/sbin'];
const missingToolsSaid = new Set<string>();

/**
 * Path of a program that the tests need but npm does not bring (`kcat`, `java`, `chromium`, …).
 *
 * Without it, says so in one line and returns undefined, so that a test can skip:
 * `describe.skipIf(externalTool('kcat') === undefined)(…)`. Where `CI` is set it throws instead:
 * there the set-up has to bring every tool, and a silently skipped test would be a guard that
 * cannot fail.
 */
export function externalTool(...names: [string, ...string[]]): string | undefined {
  for (const name of names) {
    const path = findInPath(name);
    if (path !== undefined) return path;
  }
  const wanted = names.join(' or ');
  if (process.env['CI'] === 'true') throw new Error(`${wanted} is not installed`);
  if (!missingToolsSaid.has(wanted)) {
    missingToolsSaid.add(wanted);
    process.stderr.write(`skipped: ${wanted} is not installed, and these tests need it\n`);
  }
  return undefined;
}

function findInPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of [...folders, ...FOLDERS_OF_SERVERS]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
