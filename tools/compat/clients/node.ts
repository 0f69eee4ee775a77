import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { ProcessDriver } from '../driver.ts';
import type { Client, ClientSource } from './client.ts';

type NodeClient = Omit<Client, 'start'> & { script: string };

const clients: NodeClient[] = [
  {
    name: 'kafkajs',
    title: 'kafkajs 2.2.4',
    script: 'kafkajs.ts',
    lacks: [
      'static membership',
      'cooperative rebalancing',
      'null header values',
      'metadata of altered offsets',
    ],
  },
  {
    name: 'platformatic',
    title: '@platformatic/kafka 2.12.1',
    script: 'platformatic.ts',
    lacks: [
      'cooperative rebalancing',
      'commit metadata',
      'metadata of altered offsets',
      'seeking',
      // Headers go in as a Map.
      'equal header names',
    ],
  },
];

/** npm installed them with the repository. */
export const nodeClients: ClientSource[] = clients.map(({ script, ...client }) => ({
  name: client.name,
  title: client.title,
  prepare: () => {
    const file = join(repositoryRoot, 'tools/compat/drivers', script);
    const command = [process.execPath, '--conditions=source', '--no-warnings', file];
    return Promise.resolve({
      ...client,
      start: (servers) => new ProcessDriver([...command, servers]),
    });
  },
}));
