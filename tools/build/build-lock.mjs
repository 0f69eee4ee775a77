import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../install/repository.mjs';

/** How often a wait for another build is said. */
const SAY_EVERY_MS = 5_000;
const lockFile = join(root, '.penstock', 'build.lock');

/** Runs `work` while no other start, test or build writes the same files. */
export async function withBuildLock(work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  const startedAt = performance.now();
  let saidAt = startedAt;
  while (!tryLock()) {
    await delay(100);
    if (performance.now() - saidAt < SAY_EVERY_MS) continue;
    saidAt = performance.now();
    const seconds = Math.round((saidAt - startedAt) / 1000);
    console.log(`  waits      ${seconds} s for the build of process ${ownerOf()}`);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function tryLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  // A lock that a killed process left behind is removed, and the next try takes it.
  if (!isAlive(ownerOf())) rmSync(lockFile, { force: true });
  return false;
}

/** This process, which is alive, while the lock is being written or was just released. */
function ownerOf() {
  try {
    return Number(readFileSync(lockFile, 'utf8')) || process.pid;
  } catch {
    return process.pid;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
