import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommand } from '../install/command.mjs';
import { childEnvironment, productNode, root, scripts } from '../install/repository.mjs';

const LOOK_EVERY_MS = 400;
/** Lines of the compiler that the dashboard shows. */
const SHOWN_LINES_MAX = 3;
/** Beside `dist`, so that what a module finds relative to itself stays where it is. */
const COMPILED = /^dist-\d+$/;

/**
 * Follows the sources of the pipelines: when a file is saved, compiles them into a folder of its
 * own and tells the workers, which take them up or say why not. What does not compile never
 * reaches a worker. The sources are looked at twice a second instead of watched: editors replace
 * files in many ways, and some file systems tell nobody.
 */
export class PipelineReload {
  #folder;
  #cache;
  #compile;
  #tell;
  #say;
  #seen;
  #lookedAt = '';
  #generation = 0;
  #timer;
  /** @type {Promise<void> | null} */
  #working = null;
  #stopped = false;

  /**
   * @param {object} options
   * @param {string} [options.folder] the project of the pipelines
   * @param {string} [options.cache] where the compiler keeps what it knows
   * @param {(message: object) => void} options.tell tells the workers
   * @param {(text: string, level?: string) => void} options.say prints a line
   * @param {typeof compile} [options.compile]
   */
  constructor({ folder = join(root, 'pipelines'), cache, tell, say, compile: run = compile }) {
    this.#folder = folder;
    this.#cache = cache ?? join(root, '.penstock', 'pipelines');
    this.#compile = run;
    this.#tell = tell;
    this.#say = say;
  }

  start() {
    this.#removeCompiled();
    this.#seen = sourcesOf(this.#folder);
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async stop() {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#working;
    this.#removeCompiled();
  }

  /** A worker has taken up a module, or has said why it does not. */
  loaded({ module, problem }) {
    if (problem !== null) return this.#say(`not reloaded, those before go on: ${problem}`, 'warn');
    this.#say('reloaded');
    this.#removeCompiled(module);
  }

  #look() {
    if (this.#working !== null) return;
    const seen = sourcesOf(this.#folder);
    // Saved just now, perhaps not wholly: what stays as it is for one look is compiled.
    const isStill = seen === this.#lookedAt;
    this.#lookedAt = seen;
    if (seen === this.#seen || !isStill) return;
    this.#seen = seen;
    this.#working = this.#build()
      .catch((error) => this.#say(`could not be compiled: ${error.message}`, 'warn'))
      .finally(() => (this.#working = null));
  }

  async #build() {
    this.#say('a source was changed: compiling');
    const problem = await this.#compile({ folder: this.#folder, into: this.#cache });
    if (this.#stopped) return;
    if (problem !== null) {
      this.#say(`not reloaded, those before go on:\n${problem}`, 'warn');
      const lines = problem.split('\n');
      const left = lines.length - SHOWN_LINES_MAX;
      const shown =
        lines.slice(0, SHOWN_LINES_MAX).join('; ') + (left > 0 ? ` … ${left} more` : '');
      return this.#tell({ type: 'pipelines-refused', problem: shown });
    }
    this.#generation += 1;
    const into = join(this.#folder, `dist-${this.#generation}`);
    cpSync(join(this.#cache, 'out'), into, { recursive: true });
    const module = pathToFileURL(join(into, 'index.js')).href;
    this.#tell({ type: 'pipelines-built', module });
  }

  /** Threads have loaded what they run, so a folder is only needed by those who start later. */
  #removeCompiled(but = '') {
    for (const name of readdirSync(this.#folder)) {
      if (!COMPILED.test(name) || but.includes(`/${name}/`)) continue;
      const isNewer = but !== '' && Number(name.slice(5)) > Number(/dist-(\d+)/.exec(but)?.[1]);
      if (!isNewer) rmSync(join(this.#folder, name), { recursive: true, force: true });
    }
  }
}

/** What of the sources can change, as a text. */
function sourcesOf(folder) {
  const source = join(folder, 'src');
  if (!existsSync(source)) return '';
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ts|json)$/.test(file),
  );
  return files
    .sort((one, other) => (one < other ? -1 : 1))
    .map((file) => {
      const { mtimeMs, size } = statSync(join(source, file), { throwIfNoEntry: false }) ?? {};
      return `${file} ${mtimeMs} ${size}`;
    })
    .join('\n');
}

/**
 * Compiles the project into `out` below `into`.
 * @returns {Promise<string | null>} the compiler's lines when it refuses
 */
export async function compile({ folder, into }) {
  // Files of sources that are gone would stay.
  rmSync(join(into, 'out'), { recursive: true, force: true });
  const args = ['-p', join(folder, 'tsconfig.json'), '--outDir', join(into, 'out')].concat(
    ['--noEmitOnError', '--composite', 'false', '--incremental', 'false', '--declaration', 'false'],
    ['--pretty', 'false'],
  );
  const { code, output } = await runCommand(productNode(), [scripts.tsc, ...args], {
    cwd: folder,
    env: childEnvironment(),
  });
  return code === 0 ? null : output.trim();
}
