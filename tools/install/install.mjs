import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, Stop, withProgress } from './command.mjs';
import { childEnvironment, root } from './repository.mjs';

const NODE_MAJOR_MIN = 20;
const NPM_MAJOR_MIN = 10;

/** Brings `node_modules` to what package-lock.json says; does nothing when it is so already. */
export async function ensureInstalled() {
  if (!isInstalled()) {
    await checkNpm();
    await withProgress('install', installAll, packagesSoFar);
  }
  if (!existsSync(join(root, 'node_modules/node/bin/node'))) await installNode();
}

/** Stops with one line when the Node that runs the start script is too old to go on. */
export function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return;
  throw new Stop(
    `Node ${process.versions.node} is too old: install Node ${NODE_MAJOR_MIN} or newer (the product brings its own Node 24).`,
  );
}

/**
 * npm writes what it installed to node_modules/.package-lock.json last, so an interrupted install
 * counts as missing. Optional packages may be left out (other platforms).
 */
export function isInstalled(folder = root) {
  const hidden = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.optional || entry.devOptional || entry.peer) return true;
    // Workspaces are linked: npm records the link, not the folder behind it.
    if (!path.includes('node_modules/')) return true;
    return found[path]?.link === entry.link && found[path]?.version === entry.version;
  });
}

async function checkNpm() {
  const { code, output } = await runCommand('npm', ['--version']);
  if (code !== 0) throw new Stop('npm is not installed: install npm 10 or newer, then npm start.');
  const version = output.trim().split('\n').at(-1) ?? '';
  if (Number(version.split('.')[0]) < NPM_MAJOR_MIN) {
    throw new Stop(
      `npm ${version} is too old: npm install -g npm@${NPM_MAJOR_MIN}, then npm start.`,
    );
  }
}

async function installAll() {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await runCommand('npm', args, { cwd: root, env: childEnvironment() });
  if (code === 0) return packagesSoFar();
  console.error(output.trim().split('\n').slice(0, 25).join('\n'));
  throw new Stop('npm ci failed (what it says is above): check the network, then try again.');
}

function packagesSoFar() {
  const folder = join(root, 'node_modules');
  if (!existsSync(folder)) return '0 packages';
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const scoped = names.filter((name) => name.startsWith('@'));
  const inScopes = scoped.reduce((sum, name) => sum + readdirSync(join(folder, name)).length, 0);
  return `${names.length - scoped.length + inScopes} packages`;
}

/** Where npm is told to run no install scripts, Node's own is run by hand. */
async function installNode() {
  const cwd = join(root, 'node_modules', 'node');
  const script = join(cwd, 'installArchSpecificPackage.js');
  await withProgress('node 24', async () => {
    const { code, output } = await runCommand(process.execPath, [script], {
      cwd,
      env: childEnvironment({ npm_config_ignore_scripts: 'false', npm_config_global: 'false' }),
    });
    if (code === 0 && existsSync(join(cwd, 'bin', 'node'))) return 'installed';
    console.error(output.trimEnd().split('\n').slice(-5).join('\n'));
    throw new Stop(
      'Node 24 could not be installed by npm: install Node 24 yourself, then try again.',
    );
  });
}
