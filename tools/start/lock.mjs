import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Stop } from '../install/command.mjs';

/**
 * Two starts on one data folder would write the same log files. The first leaves its process id in
 * the folder; one that is left over by a process that was killed is replaced.
 * @returns {() => void} gives the folder free
 */
export function lockDataFolder(dataDir) {
  const file = join(dataDir, 'supervisor.pid');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(file, 'wx');
      writeSync(descriptor, String(process.pid));
      closeSync(descriptor);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(readFileSync(file, 'utf8'));
    if (isSupervisor(owner)) {
      throw new Stop(
        `The data folder ${dataDir} is in use by the Penstock with process id ${owner}: stop it, or set PENSTOCK_DATA_DIR to another folder.`,
      );
    }
    rmSync(file, { force: true });
  }
  throw new Stop(`The data folder ${dataDir} is in use by a Penstock that starts now.`);
}

/** Process ids are used again, so a living process only counts when it looks like this script. */
function isSupervisor(pid) {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('start.mjs');
  } catch (error) {
    if (error.code !== 'ENOENT' || process.platform === 'linux') return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
