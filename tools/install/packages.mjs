import { rmSync, writeFileSync } from 'node:fs';
import { hasProgram, runCommand, withProgress } from './command.mjs';

/** Packages of the system are only installed by root, on a system of Debian's kind. */
export async function mayInstallPackages() {
  return process.getuid?.() === 0 && (await hasProgram('apt-get'));
}

/**
 * Installs packages of the system without starting a service of theirs.
 * @param {string[]} names
 * @returns {Promise<boolean>} false, with the reason shown, when that did not work
 */
export async function installPackages(names) {
  let failure;
  await withProgress('apt-get', async () => {
    // Lists may be missing or older than what the mirror still carries.
    await apt(['update', '-q']);
    const { code, output } = await apt([
      'install',
      '-y',
      '-q',
      '--no-install-recommends',
      ...names,
    ]);
    if (code === 0) return names.join(', ');
    failure = output.trimEnd().split('\n').slice(-3).join('\n');
    return `failed: ${names.join(', ')}`;
  });
  if (failure !== undefined) console.error(failure);
  return failure === undefined;
}

/** A package's scripts run this to ask whether they may start their service; 101 means no. */
const policyFile = '/usr/sbin/policy-rc.d';

async function apt(args) {
  const isOurs = writePolicy();
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return await runCommand('apt-get', args, { env, uninterrupted: true });
  } finally {
    if (isOurs) rmSync(policyFile, { force: true });
  }
}

/** False where the machine has a policy of its own, which is kept. */
function writePolicy() {
  try {
    writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}
