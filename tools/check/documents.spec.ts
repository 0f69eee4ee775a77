import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VARIABLES } from '@penstock/platform';
import { repositoryRoot } from '@penstock/testing';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { staleTables } from '../nightly/recorded-tables.mjs';
import type { Report } from '../nightly/report.mjs';
import {
  brokenLinks,
  documentedVariables,
  interpolate,
  lockedHosts,
  missingPaths,
  publishedPorts,
  unknownDependencies,
  unknownScripts,
  wrongComposeVariables,
  type ComposeFile,
} from './documents.ts';

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8');
const reportAt = (path: string): Report | undefined =>
  existsSync(join(repositoryRoot, path)) ? (JSON.parse(read(path)) as Report) : undefined;
const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'];
const packageJson = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe.each(documents)('%s', (document) => {
  test('links to nothing that is not there', () => {
    expect(brokenLinks(read(document), join(repositoryRoot, dirname(document)))).toEqual([]);
  });
  test('names no file that is not there', () => {
    expect(missingPaths(read(document), repositoryRoot)).toEqual([]);
  });
  test('has tables of measurements as a recorded run gave them', () => {
    expect(staleTables(read(document), reportAt)).toEqual([]);
  });
  test('names no command that is not there', () => {
    expect(unknownScripts(read(document), packageJson.scripts)).toEqual([]);
  });
});

test('the README lists exactly the settings that are read, with their defaults', () => {
  const documented = documentedVariables(read('README.md'));
  const real = VARIABLES.map(({ name, default: value }) => ({ name, default: value }));
  expect(documented).toEqual(real);
});

test('the lockfile names no host', () => {
  expect(lockedHosts(read('package-lock.json'))).toEqual([]);
});

test('nest-cli.json lists projects that are there, built by the compiler itself', () => {
  const nest = JSON.parse(read('nest-cli.json')) as {
    monorepo: boolean;
    projects: Record<
      string,
      { sourceRoot: string; compilerOptions: { builder: string; tsConfigPath: string } }
    >;
  };
  expect(nest.monorepo).toBe(true);
  for (const project of Object.values(nest.projects)) {
    expect(project.compilerOptions.builder).toBe('tsc');
    expect(existsSync(join(repositoryRoot, project.compilerOptions.tsConfigPath))).toBe(true);
    expect(existsSync(join(repositoryRoot, project.sourceRoot))).toBe(true);
  }
});

describe('the container files', () => {
  const compose = (env: Record<string, string>) =>
    parse(interpolate(read('docker-compose.yml'), env), { merge: true }) as ComposeFile;
  const dockerfile = read('Dockerfile');
  const defaultOf = (name: string) => VARIABLES.find((known) => known.name === name)!.default;

  test.each([
    ['embedded broker', {}],
    ['cluster', { COMPOSE_PROFILES: 'cluster' }],
  ])('%s: only settings that Penstock reads, with values that it takes', (_, env) => {
    expect(wrongComposeVariables(compose(env), VARIABLES)).toEqual([]);
  });

  test('only the profile `cluster` brings Apache Kafka, and tells Penstock where it is', () => {
    const plain = compose({}).services;
    const kafkas = Object.keys(plain).filter((name) => plain[name]!.profiles?.includes('cluster'));
    expect(kafkas).toEqual(['kafka-1', 'kafka-2', 'kafka-3']);
    expect(plain['penstock']!.environment!['KAFKA_BOOTSTRAP_SERVERS'] ?? '').toBe('');
    const cluster = compose({ COMPOSE_PROFILES: 'cluster' }).services['penstock']!.environment!;
    const servers = String(cluster['KAFKA_BOOTSTRAP_SERVERS']).split(',');
    expect(servers).toEqual(kafkas.map((name) => `${name}:9092`));
  });

  test('each Kafka broker has an id, addresses and a port of its own', () => {
    const { services } = compose({ COMPOSE_PROFILES: 'cluster' });
    const brokers = ['kafka-1', 'kafka-2', 'kafka-3'].map((name) => services[name]!);
    expect(brokers.map((broker) => broker.environment!['KAFKA_NODE_ID'])).toEqual([1, 2, 3]);
    expect(new Set(brokers.flatMap(publishedPorts)).size).toBe(3);
    for (const broker of brokers) {
      const [port] = publishedPorts(broker);
      expect(broker.environment!['KAFKA_LISTENERS']).toContain(`HOST://:${port}`);
      expect(broker.environment!['KAFKA_ADVERTISED_LISTENERS']).toContain(`localhost:${port}`);
    }
  });

  test('ports of image, service and settings are the same', () => {
    const ports = ['PENSTOCK_KAFKA_PORT', 'PENSTOCK_HTTP_PORT'].map(defaultOf);
    expect(publishedPorts(compose({}).services['penstock']!).map(String)).toEqual(ports);
    expect(dockerfile).toContain(`EXPOSE ${ports.join(' ')}`);
  });

  test('services wait only for services that are there', () => {
    expect(unknownDependencies(compose({}))).toEqual([]);
  });

  test('the image sets only settings that are read, and starts what is there', () => {
    const set = [...dockerfile.matchAll(/(PENSTOCK_\w+|KAFKA_\w+|REDIS_URL)=/g)];
    const known = new Set(VARIABLES.map(({ name }) => name));
    for (const [, name] of set) expect(known).toContain(name);
    const script = /CMD \["node", "(tools[^"]+)"/.exec(dockerfile)![1]!;
    expect(existsSync(join(repositoryRoot, script))).toBe(true);
  });
});

describe('each of these checks can fail', () => {
  test('on a broken link, a missing file and a missing command', () => {
    expect(brokenLinks('[a](nowhere.md) [b](https://x.y/z) [c](#d)', repositoryRoot)).toEqual([
      'nowhere.md',
    ]);
    expect(missingPaths('`libs/testing/src/nothing.ts`', repositoryRoot)).toHaveLength(1);
    expect(unknownScripts('npm run nothing', packageJson.scripts)).toEqual(['nothing']);
  });
  test('on a lockfile with a host', () => {
    const lock = { packages: { 'node_modules/a': { resolved: 'https://host.example/a.tgz' } } };
    expect(lockedHosts(JSON.stringify(lock))).toEqual(['node_modules/a']);
  });
  test('on a wrong variable, value or dependency of a service', () => {
    const compose: ComposeFile = {
      services: {
        own: {
          build: '.',
          environment: { PENSTOCK_NOTHING: 1, PENSTOCK_DURABILITY: 'maybe', PENSTOCK_DEMO: 1 },
          depends_on: { nobody: {} },
        },
      },
    };
    expect(wrongComposeVariables(compose, VARIABLES)).toEqual([
      'own: PENSTOCK_NOTHING is not a setting of Penstock',
      'own: PENSTOCK_DURABILITY=maybe is refused',
    ]);
    expect(unknownDependencies(compose)).toEqual(['own waits for nobody']);
  });
  test('on a table that leaves a variable out', () => {
    expect(documentedVariables('| `A_B` | `1` | text |\n| no | row |')).toEqual([
      { name: 'A_B', default: '1' },
    ]);
  });
});
