import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@penstock/testing';
import { expectTrue } from '../check.ts';
import type { ProgramCheck, Programs } from './program.ts';

function expectText(text: string, pattern: RegExp, what: string): void {
  expectTrue(pattern.test(text), `${what}: ${pattern} is not in: ${text.slice(0, 1500)}`);
}

const at = ({ servers }: Programs) => ['--bootstrap-server', servers];

/**
 * Apache Kafka's command line tools, in an order in which later ones find what earlier ones made.
 */
export const kafkaToolChecks: ProgramCheck[] = [
  {
    program: 'kafka-broker-api-versions',
    what: 'lists the APIs, with none that is unusable',
    async check(programs) {
      const text = await programs.tool('BrokerApiVersionsCommand', at(programs));
      expectText(text, /Produce\(0\): 0 to \d+ \[usable: \d+\]/, 'Produce');
      expectText(text, /Fetch\(1\): 4 to \d+ \[usable: \d+\]/, 'Fetch');
    },
  },
  {
    program: 'kafka-topics',
    what: 'create, list, describe, alter, delete; a second one of the same name is refused',
    check: checkTopics,
  },
  {
    program: 'kafka-configs',
    what: 'describes, sets and deletes configs of a topic, describes those of the broker',
    check: checkConfigs,
  },
  {
    program: 'kafka-verifiable-producer, -consumer',
    what: '2,000 records, all acknowledged, all consumed',
    async check(programs) {
      const topic = programs.name('verifiable');
      const sent = ['--topic', topic, '--max-messages', '2000', ...at(programs)];
      const produced = await programs.tool('VerifiableProducer', sent);
      expectText(produced, /"sent":2000.*|"acked":2000/, 'VerifiableProducer');
      const group = ['--topic', topic, '--group-id', topic, '--max-messages', '2000'];
      const args = [...group, '--reset-policy', 'earliest', ...at(programs)];
      const consumed = await programs.tool('VerifiableConsumer', args);
      const counts = [...consumed.matchAll(/"name":"records_consumed".*?"count":(\d+)/g)];
      const more = [...consumed.matchAll(/"count":(\d+).*?"name":"records_consumed"/g)];
      const total = Math.max(sumOf(counts), sumOf(more));
      expectTrue(total >= 2000, `${total} records consumed: ${consumed.slice(-500)}`);
    },
  },
  {
    program: 'kafka-producer-perf-test, kafka-consumer-perf-test',
    what: '50,000 records there and back',
    async check(programs) {
      const topic = programs.name('perf');
      const size = ['--num-records', '50000', '--record-size', '100', '--throughput', '-1'];
      const args = ['--topic', topic, ...size, '--bootstrap-server', programs.servers];
      const produced = await programs.tool('ProducerPerformance', args);
      expectText(produced, /50000 records sent/, 'ProducerPerformance');
      const read = ['--topic', topic, '--num-records', '50000', '--timeout', '30000'];
      const consumed = await programs.tool('ConsumerPerformance', [...read, ...at(programs)]);
      const [line] = consumed.trim().split('\n').slice(-1);
      expectTrue(Number(line!.split(',')[4]) >= 50_000, `ConsumerPerformance: ${consumed}`);
    },
  },
  {
    program: 'kafka-e2e-latency',
    what: '500 records, one after the other',
    async check(programs) {
      const wanted = ['--num-records', '500', '--producer-acks', 'all', '--record-size', '100'];
      const args = ['--topic', programs.name('e2e'), ...wanted, ...at(programs)];
      expectText(await programs.tool('EndToEndLatency', args), /Percentiles: 50th/, 'latency');
    },
  },
  {
    program: 'kafka-console-producer, -consumer',
    what: 'keys, headers and timestamps typed in come out again',
    check: checkConsoles,
  },
  {
    program: 'kafka-get-offsets',
    what: 'first, last, by timestamp, of the largest timestamp',
    async check(programs) {
      const topic = programs.name('verifiable');
      for (const [time, wanted] of [
        ['-1', '2000'],
        ['-2', '0'],
        ['-3', '\\d+'],
        ['1', '0'],
      ] as const) {
        const args = ['--topic', topic, '--time', time, ...at(programs)];
        const text = await programs.tool('GetOffsetShell', args);
        expectText(text, new RegExp(`${topic}:0:${wanted}\\b`), `--time ${time}`);
      }
    },
  },
  {
    program: 'kafka-consumer-groups',
    what: 'list, describe, reset offsets five ways, delete offsets, delete',
    check: checkGroups,
  },
  {
    program: 'kafka-groups',
    what: 'lists groups with type and protocol',
    async check(programs) {
      const text = await programs.tool('GroupsCommand', ['--list', ...at(programs)]);
      expectText(text, /^perf-consumer-\d+ +Classic +consumer/m, 'groups');
    },
  },
  {
    program: 'kafka-delete-records',
    what: 'deletes up to an offset, from a JSON file',
    async check(programs) {
      const topic = programs.name('verifiable');
      const file = join(programs.folder, 'delete.json');
      const partitions = [{ topic, partition: 0, offset: 700 }];
      await writeFile(file, JSON.stringify({ partitions, version: 1 }));
      const args = ['--offset-json-file', file, ...at(programs)];
      const text = await programs.tool('DeleteRecordsCommand', args);
      expectText(text, /low_watermark: 700/, 'low watermark');
    },
  },
  {
    program: 'kafka-log-dirs',
    what: 'describes the folders with the sizes of partitions',
    async check(programs) {
      const topic = programs.name('perf');
      const args = ['--describe', '--topic-list', topic, ...at(programs)];
      const text = await programs.tool('LogDirsCommand', args);
      const size = /"size":(\d+)/.exec(text)?.[1];
      expectTrue(Number(size) > 5_000_000, `size ${size}: ${text.slice(0, 500)}`);
    },
  },
  ...clusterChecks(),
];

function sumOf(matches: readonly RegExpMatchArray[]): number {
  return matches.reduce((sum, match) => sum + Number(match[1]), 0);
}

function clusterChecks(): ProgramCheck[] {
  return [
    {
      program: 'kafka-cluster',
      what: 'the id of the cluster',
      async check(programs) {
        const text = await programs.tool('ClusterTool', ['cluster-id', ...at(programs)]);
        expectText(text, /Cluster ID: \S+/, 'id');
      },
    },
    {
      program: 'kafka-features',
      what: 'describes without complaint',
      async check(programs) {
        await programs.tool('FeatureCommand', [...at(programs), 'describe']);
      },
    },
    {
      program: 'kafka-reassign-partitions',
      what: 'none in progress',
      async check(programs) {
        const text = await programs.tool('reassign.ReassignPartitionsCommand', [
          '--list',
          ...at(programs),
        ]);
        expectText(text, /No partition reassignments found/, 'list');
      },
    },
    {
      program: 'kafka-acls',
      what: 'refused because no authorizer is configured',
      async check(programs) {
        const args = ['--list', ...at(programs)];
        const text = await programs.refusal('AclCommand', args).catch(() => 'SecurityDisabled');
        expectText(text, /SecurityDisabled|No Authorizer is configured/, 'answer');
      },
    },
    {
      program: 'kafka-transactions',
      what: 'lists, or says clearly that the broker does not offer it',
      async check(programs) {
        const args = [...at(programs), 'list'];
        const text = await programs.tool('TransactionsCommand', args).catch((error: unknown) => {
          return String(error);
        });
        expectText(text, /TransactionalId|UnsupportedVersion|does not support/i, 'answer');
      },
    },
    {
      program: 'kafka-streams-application-reset',
      what: 'a dry run over an input topic, then for real',
      async check(programs) {
        const topic = programs.name('verifiable');
        const name = ['--application-id', programs.name('reset'), '--input-topics', topic];
        const args = [...name, '--to-earliest', ...at(programs)];
        expectText(
          await programs.tool('StreamsResetter', [...args, '--dry-run']),
          /Topic: \S+ Partition: 0 Offset: 700/,
          'dry run',
        );
        await programs.tool('StreamsResetter', args);
      },
    },
  ];
}

async function checkTopics(programs: Programs): Promise<void> {
  const topic = programs.name('topics');
  const command = (...args: string[]) => programs.tool('TopicCommand', [...args, ...at(programs)]);
  const config = ['--config', 'retention.ms=600000'];
  await command('--create', '--topic', topic, '--partitions', '3', ...config);
  expectText(
    await programs.refusal('TopicCommand', ['--create', '--topic', topic, ...at(programs)]),
    /already exists/,
    'a second one',
  );
  expectText(await command('--list'), new RegExp(`^${topic}$`, 'm'), '--list');
  const described = await command('--describe', '--topic', topic);
  expectText(described, /PartitionCount: 3\s+ReplicationFactor: 1/, '--describe');
  expectText(described, /Configs:.*retention\.ms=600000/, 'its configs');
  expectText(described, /Partition: 2\s+Leader: 1\s+Replicas: 1\s+Isr: 1/, 'its partitions');
  await command('--alter', '--topic', topic, '--partitions', '5');
  expectText(await command('--describe', '--topic', topic), /PartitionCount: 5/, '--alter');
  for (const sick of ['--under-replicated-partitions', '--unavailable-partitions']) {
    const text = await command('--describe', sick);
    expectTrue(!text.includes(topic), `${sick}: ${text}`);
  }
  await command('--delete', '--topic', topic);
  const left = await command('--list');
  expectTrue(!left.includes(topic), `the topic is still there: ${left}`);
}

async function checkConfigs(programs: Programs): Promise<void> {
  const topic = programs.name('configs');
  await programs.tool('TopicCommand', ['--create', '--topic', topic, ...at(programs)]);
  const command = async (...args: string[]) => {
    const words = ['-cp', programs.classPath, 'kafka.admin.ConfigCommand', ...at(programs)];
    return (await run('java', [...words, ...args])).stdout;
  };
  const entity = ['--entity-type', 'topics', '--entity-name', topic];
  await command(...entity, '--alter', '--add-config', 'retention.ms=1234567,segment.bytes=1048576');
  const described = await command(...entity, '--describe');
  expectText(
    described,
    /retention\.ms=1234567 .*DYNAMIC_TOPIC_CONFIG:retention\.ms=1234567/,
    'set',
  );
  expectText(described, /DEFAULT_CONFIG:log\.segment\.bytes=1073741824/, 'synonyms');
  await command(...entity, '--alter', '--delete-config', 'retention.ms');
  expectText(
    await command(...entity, '--describe', '--all'),
    /retention\.ms=604800000 /,
    'the default after deletion',
  );
  const broker = ['--entity-type', 'brokers', '--entity-name', '1'];
  const all = await command(...broker, '--describe', '--all');
  for (const name of ['num.partitions', 'log.retention.ms', 'message.max.bytes', 'log.dirs']) {
    expectText(all, new RegExp(`^ +${name.replaceAll('.', '\\.')}=`, 'm'), name);
  }
}

async function checkConsoles(programs: Programs): Promise<void> {
  const topic = programs.name('console');
  const typed = 'h1:v1,h2:v2|key|value\nNULL|NULL|no key, no headers\n';
  const written = ['parse.key=true', 'parse.headers=true', 'key.separator=|', 'null.marker=NULL'];
  const properties = [...written, 'headers.delimiter=|'].flatMap((one) => [
    '--reader-property',
    one,
  ]);
  const args = ['--topic', topic, '--compression-codec', 'zstd', ...properties];
  await programs.tool('ConsoleProducer', [...args, ...at(programs)], typed);
  const shown = ['print.key=true', 'print.headers=true', 'print.timestamp=true'];
  const format = shown.flatMap((one) => ['--formatter-property', one]);
  const read = ['--topic', topic, '--from-beginning', '--max-messages', '2', ...format];
  const text = await programs.tool('consumer.ConsoleConsumer', [...read, ...at(programs)]);
  expectText(text, /CreateTime:\d{13}\th1:v1,h2:v2\tkey\tvalue/, 'the first record');
  expectText(text, /NO_HEADERS\tnull\tno key, no headers/, 'the second one');
}

async function checkGroups(programs: Programs): Promise<void> {
  const group = programs.name('verifiable');
  const topic = group;
  const command = (...args: string[]) =>
    programs.tool('consumer.group.ConsumerGroupCommand', [...args, ...at(programs)]);
  expectText(await command('--list'), new RegExp(`^${group}$`, 'm'), '--list');
  expectText(await command('--list', '--state'), new RegExp(`${group}.*Empty`), '--list --state');
  const described = await command('--describe', '--group', group);
  expectText(described, new RegExp(`${topic} +0 +2000 +2000 +0`), '--describe');
  expectText(
    await command('--describe', '--group', group, '--state'),
    /Empty +(0|-)/,
    '--describe --state',
  );
  const scope = ['--reset-offsets', '--group', group, '--topic', topic, '--execute'];
  for (const [how, wanted] of [
    [['--to-earliest'], 0],
    [['--to-latest'], 2000],
    [['--shift-by', '-300'], 1700],
    [['--to-offset', '42'], 42],
    [['--by-duration', 'PT1H'], 0],
    [['--to-datetime', '2020-01-01T00:00:00.000'], 0],
  ] as const) {
    const text = await command(...scope, ...how);
    expectText(text, new RegExp(`${topic} +0 +${wanted}\\b`), how.join(' '));
  }
  expectText(
    await command('--delete-offsets', '--group', group, '--topic', topic),
    /Successful/,
    '--delete-offsets',
  );
  await command(
    '--reset-offsets',
    '--group',
    group,
    '--topic',
    topic,
    '--to-earliest',
    '--execute',
  );
  expectText(
    await command('--delete', '--group', programs.name('verifiable')),
    /was successful/,
    '--delete',
  );
  // Later checks find it again.
  await command(...scope, '--to-latest');
}
