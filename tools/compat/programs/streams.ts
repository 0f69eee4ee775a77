import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, repositoryRoot, run } from '@penstock/testing';
import { expectEqual } from '../check.ts';
import type { ProgramCheck, Programs } from './program.ts';

/** Kafka Streams, at least once: no transactions. */
export const streamsChecks: ProgramCheck[] = [
  {
    program: 'Kafka Streams',
    what: 'counts words over a repartition topic; a second run restores its store from the changelog',
    check: checkWordCount,
  },
];

const source = join(repositoryRoot, 'tools/compat/drivers/WordCount.java');

async function checkWordCount(programs: Programs): Promise<void> {
  const [application, input, output] = ['streams', 'words', 'counts'].map((one) =>
    programs.name(one),
  );
  for (const topic of [input!, output!]) {
    await programs.tool('TopicCommand', [
      ...['--create', '--topic', topic, '--partitions', '2'],
      ...['--bootstrap-server', programs.servers],
    ]);
  }
  await run('javac', ['-nowarn', '-d', programs.folder, '-cp', programs.classPath, source], {
    deadlineMs: 120_000,
  });
  const state = join(programs.folder, 'state');
  const expected = { a: 0, b: 0, c: 0 };
  for (const words of ['a b\nb c\n', 'a\na c\n']) {
    for (const word of words.split(/\s/).filter((one) => one !== '')) {
      expected[word as 'a'] += 1;
    }
    await programs.tool(
      'ConsoleProducer',
      ['--topic', input!, '--bootstrap-server', programs.servers],
      words,
    );
    // The store of the run before is gone: what it held has to come from the changelog.
    await rm(state, { recursive: true, force: true });
    const args = [programs.servers, application!, input!, output!, state];
    await using counting = programs.startIn(programs.folder, 'WordCount', args);
    await eventually(
      async () => expectEqual(await countsIn(programs, output!), expected, 'counts') ?? true,
      { deadlineMs: 60_000, intervalMs: 1000, what: `the counts (${counting.output.slice(-800)})` },
    );
    await counting.stop('SIGTERM');
  }
  const changelog = ['--describe', '--topic', `${application}-counts-changelog`];
  const described = await programs.tool('TopicCommand', [
    ...changelog,
    '--bootstrap-server',
    programs.servers,
  ]);
  expectEqual(/cleanup\.policy=compact/.test(described), true, 'a compacted changelog');
}

/** The latest count of each word. */
async function countsIn(programs: Programs, topic: string): Promise<Record<string, number>> {
  const format = ['--formatter-property', 'print.key=true', '--timeout-ms', '3000'];
  const args = ['--topic', topic, '--from-beginning', ...format];
  const at = ['--bootstrap-server', programs.servers];
  const text = await programs.tool('consumer.ConsoleConsumer', [...args, ...at]);
  const lines = [...text.matchAll(/^(\w)\t(\d+)$/gm)];
  return Object.fromEntries(
    lines.map(([, word, count]): [string, number] => [word!, Number(count)]),
  );
}
