import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { hasProgram, runCommand } from '../../install/command.mjs';
import { ProcessDriver } from '../driver.ts';
import type { Client, ClientSource } from './client.ts';

type GoClient = Omit<Client, 'start'>;

const clients: GoClient[] = [
  { name: 'franz-go', title: 'franz-go 1.22.2' },
  {
    name: 'kafka-go',
    title: 'segmentio/kafka-go 0.4.51',
    lacks: [
      'idempotence',
      'group members',
      // What is empty it reads as null.
      'null keys and values apart from empty ones',
      'empty headers',
    ],
  },
  { name: 'sarama', title: 'sarama 1.61.1', lacks: ['cooperative rebalancing', 'seeking'] },
];

export const goClients: ClientSource[] = clients.map((client) => ({
  name: client.name,
  title: client.title,
  async prepare(cacheFolder) {
    if (!(await hasProgram('go'))) return 'go is not installed';
    const folder = join(cacheFolder, `go-${client.name}`);
    await mkdir(folder, { recursive: true });
    // Built outside of the repository, so that nothing of it is left there.
    const drivers = join(repositoryRoot, 'tools/compat/drivers');
    await cp(join(drivers, client.name), folder, { recursive: true });
    await cp(join(drivers, 'lines.go'), join(folder, 'lines.go'));
    const program = join(folder, 'driver');
    const { code, output } = await runCommand('go', ['build', '-o', program, '.'], { cwd: folder });
    if (code !== 0) return `go build failed: ${output.trim().split('\n').slice(-2).join(' ')}`;
    return { ...client, start: (servers) => new ProcessDriver([program, servers]) };
  },
}));
