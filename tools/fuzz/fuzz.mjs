// npm run fuzz: attacks the embedded broker with requests that are wrong in every way. `npm run
// fuzz -- --help` says how.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { root } from '../install/repository.mjs';
import { readOptions, runNode, runTool, wholeNumber } from '../install/tool.mjs';

const help = `Usage: npm run fuzz [-- [OPTIONS]]

Sends requests of every API and version, made from the declarations of the messages and then broken, to a
broker in a process of its own, and watches that it answers or closes, does not log errors, does not stop
listening to others, and keeps its memory. Prints one line of figures; what it finds goes to .penstock/.

  --minutes N  how long; 1 when left out
  --seed N     sends what an earlier run sent; a new one when left out
  --fsync      with durability fsync instead of os
  --help       this text
`;

await runTool(async () => {
  const { values } = readOptions('npm run fuzz -- --help', {
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
      fsync: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const { minutes } = values;
  if (!(Number(minutes) > 0)) throw new Stop(`--minutes takes a number above 0, not ${minutes}.`);
  const seed = wholeNumber('--seed', values.seed);
  checkNode();
  await ensureInstalled();
  // Everything runs from the sources: nothing has to be built first.
  const script = join(root, 'tools', 'fuzz', 'main.ts');
  const how = [minutes, String(seed), values.fsync ? 'fsync' : 'os'];
  await runNode(['--conditions=source', '--no-warnings', script, ...how]);
});
