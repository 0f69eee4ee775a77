// Who may import whom. ARCHITECTURE.md draws the same picture; tools/check/layers.spec.ts proves
// that each of these rules fails on an import that breaks it.

const spec = '\\.(e2e-)?spec\\.tsx?$';

/**
 * Circles of imports that are still to be opened; one through such a file is let pass. To be empty
 * by 2026-12-31: it goes with the redesign of the log's state, which loads itself today.
 */
const openCircles = ['^libs/kafka-log/src/log-state\\.ts$'];

/**
 * The same for folders: the broker's context is everybody's parameter. To be empty by 2026-12-31.
 */
const openFolderCircles = ['^libs/kafka-broker/src/'];

/** Only files of the product: tests and tools may reach further. */
const product = (path) => ({ path, pathNot: spec });
/** Everything of this repository and of npm, except what is listed. */
const everythingBut = (...allowed) => ({
  path: '^(apps|libs|pipelines|prisma|tools)/',
  pathNot: allowed.map((path) => `^${path}`),
});

const layer = (name, from, allowed, comment) => ({
  name: `layer-${name}`,
  comment,
  severity: 'error',
  from: product(`^${from}/`),
  to: everythingBut(`${from}/`, ...allowed),
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third that both need.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { pathNot: openCircles.join('|') } },
    },
    {
      name: 'no-folder-cycles',
      comment: 'Two folders that need each other are one noun, or miss a third that both need.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^((?:apps|libs)/[^/]+/src)/', pathNot: openFolderCircles },
      to: { path: '^$1/', circular: true },
    },
    layer('kafka-protocol', 'libs/kafka-protocol', [], 'The codec stands alone.'),
    layer('kafka-log', 'libs/kafka-log', ['libs/kafka-protocol/'], 'The log knows record batches.'),
    layer(
      'kafka-broker',
      'libs/kafka-broker',
      ['libs/kafka-log/', 'libs/kafka-protocol/'],
      'Storage of metadata, configuration and logging come in through ports.',
    ),
    layer(
      'pipelines-lib',
      'libs/pipelines',
      ['libs/kafka-protocol/src/topic-name.ts'],
      'What users import drags nothing else along but the rule for names of topics.',
    ),
    layer('samples', 'pipelines', ['libs/pipelines/'], 'The user folder sees what users see.'),
    layer('platform', 'libs/platform', ['prisma/'], 'Plumbing knows no nouns.'),
    layer(
      'control-plane',
      'libs/control-plane',
      // Ingest is a producer: what a broker's error means is decided by the protocol's own names.
      ['libs/kafka-protocol/', 'libs/platform/', 'prisma/'],
      'The nouns stand on the plumbing and know no transport.',
    ),
    layer(
      'broker',
      'apps/broker',
      [
        'libs/kafka-broker/',
        'libs/kafka-log/',
        'libs/kafka-protocol/',
        'libs/platform/',
        'prisma/',
      ],
      'A composition root: it wires the broker to configuration, database and log.',
    ),
    layer('api', 'apps/api', ['libs/control-plane/', 'libs/platform/'], 'Transport only.'),
    layer(
      'worker',
      'apps/worker',
      ['libs/control-plane/', 'libs/platform/', 'libs/pipelines/', 'pipelines/'],
      'Runs pipelines; run state goes through the control plane.',
    ),
    layer('dashboard', 'apps/dashboard', [], 'It knows the GraphQL schema and nothing else.'),
    {
      name: 'no-testing-in-product',
      comment: 'Harnesses are for tests and tools.',
      severity: 'error',
      from: { path: '^(apps|libs|pipelines)/', pathNot: [spec, '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'no-faults-in-product',
      comment: 'Simulated machines and what breaks on them are for tests and tools.',
      severity: 'error',
      from: {
        path: '^(apps|libs|pipelines)/',
        pathNot: [spec, '^libs/testing/', '/src/(faults|simulation)/'],
      },
      to: { path: '/src/(faults|simulation)/' },
    },
    {
      name: 'no-tools-in-product',
      comment: 'Tools stand above everything.',
      severity: 'error',
      from: { path: '^(apps|libs|pipelines)/', pathNot: spec },
      to: { path: '^tools/' },
    },
    {
      name: 'no-frameworks-in-kafka',
      comment: 'kafka-* know nothing of Nest or Prisma, and no configuration or logging library.',
      severity: 'error',
      from: product('^libs/kafka-'),
      to: { path: 'node_modules/(@nestjs|@prisma|prisma|pino|zod|ioredis|bullmq|rxjs)(/|$)' },
    },
    {
      name: 'no-io-in-protocol',
      comment: 'The codec turns bytes into values and back.',
      severity: 'error',
      from: product('^libs/kafka-protocol/'),
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|net|http|https|tls|child_process|dgram)(/|$)',
      },
    },
    {
      name: 'no-transport-in-control-plane',
      comment: 'The nouns are the same whether GraphQL, REST or a worker asks.',
      severity: 'error',
      from: product('^libs/control-plane/'),
      to: { path: 'node_modules/(@nestjs/(graphql|apollo|swagger|platform-)|graphql|fastify)' },
    },
    {
      name: 'no-undeclared-package',
      comment: 'A package that is used is named in the package.json of the workspace that uses it.',
      severity: 'error',
      from: product('^(apps|libs|pipelines)/'),
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'What cannot be found cannot be imported.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/', '/generated/'] },
    exclude: { path: ['/dist[^/]*/', '\\.css$', '\\.svg$'] },
    // Libraries resolve to their sources, as in the compiler and in the tests.
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6'],
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
