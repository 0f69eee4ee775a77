import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { virtualEnvironment } from '../../test/python.mjs';
import { ProcessDriver } from '../driver.ts';
import type { ClientSource } from './client.ts';
import type { Trait } from './trait.ts';

interface PythonClient {
  name: string;
  title: string;
  script: string;
  packages: readonly string[];
  lacks?: readonly Trait[];
}

const codecs = ['cramjam==2.14.0', 'python-snappy==0.7.3', 'lz4==4.4.5', 'zstandard==0.25.0'];
const clients: PythonClient[] = [
  {
    name: 'confluent-kafka',
    title: 'librdkafka 2.16 (Python confluent-kafka 2.16.1)',
    script: 'confluent.py',
    packages: ['confluent-kafka==2.16.1'],
  },
  {
    name: 'kafka-python',
    title: 'kafka-python 3.0.12',
    script: 'kafka_python.py',
    packages: ['kafka-python==3.0.12', ...codecs],
    lacks: ['null header values'],
  },
  {
    name: 'aiokafka',
    title: 'aiokafka 0.14.0',
    script: 'aio.py',
    packages: ['aiokafka==0.14.0', ...codecs],
    lacks: ['cooperative rebalancing'],
  },
];

export const pythonClients: ClientSource[] = clients.map((client) => ({
  name: client.name,
  title: client.title,
  async prepare(cacheFolder) {
    const folder = join(cacheFolder, `python-${client.name}`);
    const python = join(folder, 'bin', 'python');
    const problem = await virtualEnvironment(folder, client.packages);
    if (problem !== undefined) return problem;
    const script = join(repositoryRoot, 'tools/compat/drivers', client.script);
    return {
      name: client.name,
      title: client.title,
      ...(client.lacks === undefined ? {} : { lacks: client.lacks }),
      start: (servers) =>
        new ProcessDriver([python, '-u', script, servers], { PYTHONDONTWRITEBYTECODE: '1' }),
    };
  },
}));
