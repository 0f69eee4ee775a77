import { defineConfig } from 'vitest/config';

/** Libraries resolve to their sources, so that a test never runs against a stale build. */
const resolve = {
  conditions: ['source', 'node', 'import', 'module', 'default'],
  // Our imports of graphql would otherwise find its ES modules while Nest finds its CommonJS: two
  // copies, and graphql-js refuses the types of another copy.
  alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
};
const ssr = { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } };

/** What is waited for may take longer than a second, as it comes, on two busy cores. */
const waiting = { expect: { poll: { timeout: 10_000 } } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          ...waiting,
          name: 'unit',
          include: ['{apps,libs,tools}/**/*.spec.ts', 'pipelines/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/simulation/**'],
          // Modules keep no state of their own (style), so files can share them; loading them anew
          // for each file took half of the time.
          isolate: false,
          // Vitest's own choice leaves one of two cores idle.
          maxWorkers: 2,
          // Ends a test that hangs; how fast one is, the benchmarks say.
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'simulation',
          include: ['libs/*/src/simulation/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...waiting,
          name: 'e2e',
          include: ['{apps,libs,tools}/**/*.e2e-spec.ts', 'pipelines/**/*.e2e-spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Each file starts real processes and waits for them a third of its time: three at a time
          // keep two cores busy.
          maxWorkers: 3,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'faults',
          include: ['tools/faults/*.fault-spec.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
          // What one fault measures must not be the load of another.
          maxWorkers: 1,
        },
      },
    ],
  },
});
