// The broker's process in a few files, made from the sources: Node takes longer to find and load
// its 250 modules one by one than for everything else that a start does.
import { join } from 'node:path';

const app = import.meta.dirname;

export default {
  input: {
    main: join(app, 'src/main.ts'),
    'metadata-thread': join(app, 'src/metadata-thread.ts'),
  },
  platform: 'node',
  resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
  // Native code, and what finds its own files from where it lies.
  external: [
    /^better-sqlite3$/,
    /^snappy$/,
    /^lz4-napi$/,
    /^@node-rs\//,
    /^@prisma\//,
    /^@penstock\/prisma/,
  ],
  plugins: [
    {
      // Node reads the whole map of a file for the first stack trace, and pino takes one when a
      // logger is made: the maps are of our code alone.
      name: 'no-maps-of-packages',
      transform: {
        filter: { id: /node_modules/ },
        handler: (code) => ({ code, map: { version: 3, sources: [], names: [], mappings: '' } }),
      },
    },
  ],
  output: {
    dir: join(app, 'dist'),
    format: 'esm',
    chunkFileNames: '[name].js',
    // Stack traces name the sources; their text is not needed for that.
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
};
