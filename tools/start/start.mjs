// npm start: installs and builds what is missing, then runs the processes until it is told to stop.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { endCommands, Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root } from '../install/repository.mjs';
import { runTool } from '../install/tool.mjs';
import { lockDataFolder } from './lock.mjs';
import { help, parseOptions } from './options.mjs';
import { keepWritingWithoutReader, lastWords, maskOutput, say } from './output.mjs';
import { readyLine, serving } from './readiness.mjs';
import { findRedis, redisHelp } from './redis.mjs';
import { checkDataFolder, checkPorts, readSettings, secretsMask } from './settings.mjs';
import { stopRequest } from './stop-request.mjs';
import { Supervisor } from './supervisor.mjs';

keepWritingWithoutReader();
const stop = stopRequest();
await runTool(main);
await endWithoutReader();

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(help);
  if (options.unknown !== undefined) {
    throw new Stop(`Unknown option ${options.unknown}: npm start -- --help lists what there is.`);
  }
  checkNode();
  if (!options.prebuilt) await unlessStopped(prepare);
  if (stop.signal.aborted) return;
  if (options.recover !== undefined) await recover(options.recover);
  else await run(options);
}

async function prepare() {
  await ensureInstalled();
  await ensureBuilt();
}

/** Ends the programs of the preparation if the stop is requested before anything was started. */
async function unlessStopped(work) {
  const done = work();
  await Promise.race([done, stop.requested]);
  if (!stop.signal.aborted) return;
  say('penstock', `stopping: ${stop.signal.reason}, before anything was started`);
  endCommands();
  // The work fails because its programs were ended; it releases what it had locked.
  await done.catch(() => undefined);
}

/** The last lines may have no reader: they delay the end only for a moment. */
async function endWithoutReader() {
  await lastWords();
  if (process.stdout.writableLength + process.stderr.writableLength > 0) process.exit();
}

/** The broker's own command, on a data folder that nothing else uses meanwhile. */
async function recover(words) {
  const env = childEnvironment();
  const { dataDir } = await readSettings(env);
  checkDataFolder(dataDir);
  const unlock = lockDataFolder(dataDir);
  try {
    const args = [join(root, 'apps', 'broker', 'dist', 'main.js'), ...words];
    const child = spawn(productNode(), args, {
      env: { ...env, PENSTOCK_DATA_DIR: dataDir },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    void stop.requested.then(() => child.kill('SIGTERM'));
    process.exitCode = await new Promise((done) => child.once('close', (code) => done(code ?? 1)));
  } finally {
    unlock();
  }
}

async function run(options) {
  const startedAt = performance.now();
  const env = childEnvironment(options.demo ? { PENSTOCK_DEMO: '1' } : {});
  const settings = await readSettings(env);
  maskOutput(await secretsMask(settings));
  checkDataFolder(settings.dataDir);
  await checkPorts(settings);
  const unlock = lockDataFolder(settings.dataDir);
  try {
    await supervise(settings, env, { startedAt, prebuilt: options.prebuilt });
  } finally {
    unlock();
  }
}

async function supervise(settings, env, { startedAt, prebuilt }) {
  // The embedded broker reports its own notices.
  if (settings.kafka.external) {
    for (const text of settings.broker.notices) say('penstock', text, 'warn');
  }
  const redis = await findRedis(settings);
  if (stop.signal.aborted) return;
  if (redis !== undefined) say('redis', `${redis.url} (${redis.how})`);
  else say('redis', `none found, batch jobs wait for one. Type: ${redisHelp}`, 'warn');
  const supervisor = new Supervisor({
    settings,
    redis: redis?.start,
    reloads: settings.pipelines.reload && !prebuilt,
    env: {
      ...env,
      PENSTOCK_DATA_DIR: settings.dataDir,
      // If there is no Redis yet, the processes keep trying the usual address until one answers.
      REDIS_URL: redis?.url ?? `redis://127.0.0.1:${settings.redisPort}`,
    },
    onFailedStart: (name, reason) => {
      const how = reason === undefined ? 'cannot start' : `does not start (${reason})`;
      stop.request(new Stop(`${name} ${how}: its last lines above say why.`));
    },
  });
  const started = supervisor.start().then(() => serving(settings, stop.signal));
  started.then(
    () => {
      if (stop.signal.aborted) return;
      say('penstock', readyLine(settings, performance.now() - startedAt));
    },
    (error) => stop.request(error),
  );
  const reason = await stop.requested;
  await stopAll(supervisor, reason);
  if (reason instanceof Error) throw reason;
}

async function stopAll(supervisor, reason) {
  const startedAt = performance.now();
  say('penstock', `stopping: ${reason instanceof Error ? reason.message : reason}`);
  await supervisor.stop();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say('penstock', `stopped in ${seconds} s; nothing is left running`);
}
