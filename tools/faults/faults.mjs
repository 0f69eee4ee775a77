// npm run faults: what happens to acknowledged records when things go wrong, on the real broker
// process.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { hasProgram, Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { installPackages, mayInstallPackages } from '../install/packages.mjs';
import { root, scripts } from '../install/repository.mjs';
import { readOptions, runNode, runTool, wholeNumber } from '../install/tool.mjs';
import { catalogue, chosen } from './catalogue.mjs';

const tools = [
  { program: 'kcat', for: 'librdkafka as a producer and as the second reader' },
  { program: 'strace', for: 'looking at system calls (faults 3 and 6)' },
];

const help = `Usage: npm run faults [-- [OPTIONS] [FAULT …]]

Breaks the embedded broker on purpose, as a process of its own with data of its own, and holds what is
left against what was acknowledged. Prints one line of figures per fault. Installs and builds what is missing.

  FAULT        a number or a name from below; all of them when none is given
  --long       the full counts (hours); without it everything takes some minutes
  --rounds N   how often a fault that is repeated happens
  --seed N     repeats what was random in an earlier run
  --help       this text

${catalogue.map(({ number, name, what }) => `  ${String(number).padStart(2)}  ${name.padEnd(16)} ${what}`).join('\n')}
`;

await runTool(main);

async function main() {
  const { values, positionals } = readArguments();
  if (values.help) return void process.stdout.write(help);
  const faults = choose(positionals);
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  await ensureTools();
  const files = [...new Set(faults.map(({ file }) => `tools/faults/${file}.fault-spec.ts`))];
  const numbers = faults.map(({ number }) => number).join('|');
  const runner = [scripts.vitest, 'run', '--project', 'faults', '--disable-console-intercept'];
  const names = ['--testNamePattern', `^fault (${numbers})\\b`];
  const settings = {
    // One of the clients sets timers that Node finds worth a warning.
    NODE_NO_WARNINGS: '1',
    ...(values.long && { PENSTOCK_FAULTS_LONG: '1' }),
    ...(values.rounds && { PENSTOCK_FAULTS_ROUNDS: values.rounds }),
    ...(values.seed && { PENSTOCK_FAULTS_SEED: values.seed }),
  };
  await runNode([...runner, ...names, ...files], settings);
}

function readArguments() {
  const read = readOptions('npm run faults -- --help', {
    allowPositionals: true,
    options: {
      long: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  for (const name of ['rounds', 'seed']) {
    if (read.values[name] !== undefined) wholeNumber(`--${name}`, read.values[name]);
  }
  return read;
}

function choose(words) {
  try {
    return chosen(words).filter(({ file }) =>
      existsSync(join(root, `tools/faults/${file}.fault-spec.ts`)),
    );
  } catch (error) {
    throw new Stop(
      `There is no fault ${error.message}: npm run faults -- --help lists what there is.`,
    );
  }
}

async function ensureTools() {
  const missing = await missingTools();
  if (missing.length > 0 && (await mayInstallPackages())) {
    await installPackages(missing.map(({ program }) => program));
  }
  for (const tool of await missingTools()) {
    console.log(
      `  without ${tool.program} (for ${tool.for}); to have it: sudo apt-get install ${tool.program}`,
    );
  }
}

async function missingTools() {
  const found = await Promise.all(tools.map(({ program }) => hasProgram(program)));
  return tools.filter((_, index) => !found[index]);
}
