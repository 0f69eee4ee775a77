// Makes the process of an app a few files, from the sources: Node takes longer to find and load a
// thousand modules one by one than for everything else that a start does.
//   node tools/build/bundle.mjs broker|api|worker
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from '../install/repository.mjs';

/** Native code, and what finds its own files from where it lies. */
const KEPT_APART = [
  /^better-sqlite3$/,
  /^snappy$/,
  /^lz4-napi$/,
  /^@node-rs\//,
  /^@platformatic\/wasm-utils/,
  /^@prisma\//,
  /^@penstock\/prisma/,
];
/** Parts of Nest and Apollo that they look for, and go without. */
const NOT_INSTALLED = [
  /^class-(validator|transformer)/,
  /^@nestjs\/(websockets|microservices|platform-express)/,
  /^@apollo\/(subgraph|gateway)/,
  /^@as-integrations\/express/,
  /^@fastify\/(multipart|view)$/,
  /^ts-morph$/,
];
/** Pipelines of users, and a package that they may import as well. */
const OF_USERS = [/^@penstock\/samples$/, /^zod$/];

const databaseThread = 'libs/platform/src/database/database-thread.ts';
/** Of each app the source of every file that is loaded by its name. */
const entries = {
  broker: {
    main: 'apps/broker/src/main.ts',
    'metadata-thread': 'apps/broker/src/metadata-thread.ts',
  },
  api: {
    main: 'apps/api/src/main.ts',
    'database-thread': databaseThread,
  },
  worker: {
    main: 'apps/worker/src/main.ts',
    'thread-main': 'apps/worker/src/processors/thread-main.ts',
    'database-thread': databaseThread,
    // What pipelines of users import: see the worker's pipelines-library.ts.
    'pipelines-library': 'libs/pipelines/src/index.ts',
  },
};

const NO_MAP = { version: 3, sources: [], names: [], mappings: '' };

/**
 * Node reads the whole map of a file for the first stack trace, and pino takes one when a logger is
 * made: the maps are of our code alone.
 */
const mapsOfOurs = {
  name: 'maps-of-ours',
  transform: {
    filter: { id: /node_modules/ },
    handler: (code) => ({ code, map: NO_MAP }),
  },
};

/**
 * The Kafka client compiles 35 validators of options when it is loaded, which takes a tenth of a
 * start, and uses some of them: each is compiled when it is first called.
 */
const lateValidators = {
  name: 'late-validators',
  transform: {
    filter: { id: /@platformatic\/kafka\/dist\/utils\.js$/ },
    handler(code) {
      const made = /^export const ajv = .*;$/m;
      if (!made.test(code)) throw new Error('the Kafka client makes its validators in another way');
      const late = `(${String(compileWhenCalled)})(ajv);`;
      return { code: code.replace(made, (line) => `${line}\n${late}`), map: NO_MAP };
    },
  },
};

/** Becomes part of the client's code. */
function compileWhenCalled(ajv) {
  const compile = ajv.compile.bind(ajv);
  ajv.compile = (schema) => {
    let validator;
    const validate = (...values) => {
      validator ??= compile(schema);
      const isValid = validator(...values);
      validate.errors = validator.errors;
      return isValid;
    };
    return validate;
  };
}

/** @param {string} app its folder's name */
async function bundle(app) {
  const folder = join(root, 'apps', app);
  const input = Object.entries(entries[app]).map(([name, source]) => [name, join(root, source)]);
  const made = await rolldown({
    input: Object.fromEntries(input),
    platform: 'node',
    tsconfig: join(folder, 'tsconfig.json'),
    // As Node finds packages, so that one is not there twice: as a module for us, and as CommonJS
    // for a package that requires it.
    resolve: { conditionNames: ['source', 'node', 'default'], mainFields: ['main'] },
    external: [...KEPT_APART, ...NOT_INSTALLED, ...OF_USERS],
    plugins: [mapsOfOurs, lateValidators],
    onLog(level, log) {
      if (level !== 'info') throw new Error(log.message);
    },
  });
  await made.write({
    dir: join(folder, 'dist'),
    format: 'esm',
    chunkFileNames: '[name].js',
    // Stack traces name the sources; their text is not needed for that.
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await made.close();
}

await bundle(process.argv[2]);
