import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommand, Stop } from '../install/command.mjs';
import { productNode, root } from '../install/repository.mjs';

const configFile = join(root, 'libs/platform/dist/configuration/config.js');
const secretsFile = join(root, 'libs/platform/dist/secrets/secrets.js');

/**
 * The settings as the processes will read them. They are read by the same code, in a process of its
 * own, so that there is one list of variables and the supervisor stays small.
 */
export async function readSettings(env) {
  const script = `
    const { loadConfig } = await import(${JSON.stringify(pathToFileURL(configFile).href)});
    try { console.log(JSON.stringify(loadConfig(process.env))); }
    catch (error) { console.log(JSON.stringify({ problem: error.message })); }`;
  const args = ['--input-type=module', '--eval', script];
  const { code, output } = await runCommand(productNode(), args, { env, cwd: process.cwd() });
  if (code !== 0) throw new Error(`the settings could not be read:\n${output}`);
  const settings = JSON.parse(output.trim().split('\n').at(-1));
  if (settings.problem !== undefined) throw new Stop(settings.problem);
  return settings;
}

/** Hides the settings' secrets, by the rule that the processes have for their own lines. */
export async function secretsMask({ secrets }) {
  const { maskSecrets } = await import(pathToFileURL(secretsFile).href);
  return (text) => maskSecrets(text, secrets);
}

/** Makes the data folder, and stops with one line where it cannot be written. */
export function checkDataFolder(dataDir) {
  const probe = join(dataDir, `.write-probe-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new Stop(
      `The data folder ${dataDir} cannot be written (${error.code}): make it writable, or set PENSTOCK_DATA_DIR to another folder.`,
    );
  }
}

/** Stops with one line when a port that is going to be listened on is taken. */
export async function checkPorts({ http, kafka, broker }) {
  const { explicit } = broker;
  const byKafka = 'listeners' in explicit ? 'KAFKA_LISTENERS' : 'KAFKA_ADVERTISED_LISTENERS';
  const isByKafka = 'listeners' in explicit || 'advertised.listeners' in explicit;
  const listenersVariable = isByKafka ? byKafka : 'PENSTOCK_KAFKA_PORT';
  const kafkaPorts = kafka.external
    ? []
    : kafka.listeners.map(({ port, hosts }) => [listenersVariable, port, hosts]);
  for (const [variable, port, hosts] of [
    ...kafkaPorts,
    ['PENSTOCK_HTTP_PORT', http.port, http.hosts],
  ]) {
    if (port !== 0) await checkPort(variable, port, hosts);
  }
}

async function checkPort(variable, port, hosts) {
  for (const [index, host] of hosts.entries()) {
    const problem = await portProblem(port, host);
    if (problem === undefined || (index > 0 && noSuchAddress.has(problem))) continue;
    const isPort = variable.startsWith('PENSTOCK_');
    const instead = isPort ? `${variable}=${port + 1} npm start` : `in ${variable}`;
    if (problem === 'EADDRINUSE') {
      throw new Stop(
        `Port ${port} is in use by another program: end that program, or choose another port: ${instead}`,
      );
    }
    throw new Stop(
      `Port ${port} on ${host} cannot be listened on (${problem}): choose another PENSTOCK_BIND or port, for example: ${instead}`,
    );
  }
}

/** What the system says when it does not have an address, for instance one of the other family. */
const noSuchAddress = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

function portProblem(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.code));
    server.listen({ port, host, ipv6Only: true, exclusive: true }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}
