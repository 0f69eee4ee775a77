// npm run nightly: the long checks one after the other, and one dated report of all of them.
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { runCommand, Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { productNode, root, scripts } from '../install/repository.mjs';
import { readOptions, runTool } from '../install/tool.mjs';
import { chosenParts, parts } from './parts.mjs';
import { withTablesOf } from './recorded-tables.mjs';
import { runParts } from './run-parts.mjs';

const help = `Usage: npm run nightly [-- [OPTIONS]]

Runs the long checks one after the other, also after one that failed, and writes one report of all of them,
as Markdown and as JSON: commit, machine, and of each part its duration, exit status, tables and figures.
Fails when a part failed. Takes hours, of a machine that does nothing else.

  --only A,B       some of the parts: ${parts.map(({ name }) => name).join(', ')}
  --quick          short modes: shows that everything works, in some minutes
  --out FOLDER     where the report goes; docs/reports when left out
  --readme REPORT  runs nothing: puts the tables of this report (its JSON) into the README
  --help           this text
`;

await runTool(main);

async function main() {
  const { values } = readOptions('npm run nightly -- --help', {
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: 'docs/reports' },
      readme: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  if (values.readme !== undefined) return writeReadme(values.readme);
  const chosen = choose(values.only);
  checkNode();
  await ensureInstalled();
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interruption.abort());
  const report = await runParts(chosen, {
    mode: values.quick ? 'quick' : 'long',
    folder: resolve(root, values.out),
    signal: interruption.signal,
    say: (line) => console.log(line),
  });
  const failed = report.parts.filter(({ exit }) => exit !== 0).map(({ name }) => name);
  if (interruption.signal.aborted) {
    throw new Stop('Interrupted: the report has what ran until then.');
  }
  if (failed.length > 0) throw new Stop(`Failed: ${failed.join(', ')}.`);
}

function choose(only) {
  try {
    return chosenParts(only);
  } catch (error) {
    throw new Stop(`${error.message}.`);
  }
}

async function writeReadme(path) {
  const file = resolve(root, path);
  const report = JSON.parse(
    await readFile(file, 'utf8').catch(() => {
      throw new Stop(`There is no report ${path}.`);
    }),
  );
  const readme = join(root, 'README.md');
  const text = withTablesOf(await readFile(readme, 'utf8'), relative(root, file), report);
  await writeFile(readme, text);
  await runCommand(productNode(), [scripts.prettier, '--write', readme], { cwd: root });
}
