// Makes docs/pipelines-api.md of the examples and docstrings of @penstock/pipelines.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../install/repository.mjs';
import { functionText, type Member, membersOf, methodText } from './docstrings.ts';

export const apiDocument = join(root, 'docs', 'pipelines-api.md');

const examples = join(root, 'libs', 'pipelines', 'examples');
const BUILDER = 'topology/pipeline-builder.ts';
const OPTIONS = 'topology/stream-options.ts';
const ENDS = 'topology/ended-stream.ts';
const CONTEXT = 'topology/source-record.ts';

/** The document as it should be. */
export async function makeApiDocument(): Promise<string> {
  const config = await resolveConfig(apiDocument);
  return format(SECTIONS.map((section) => section()).join('\n\n'), {
    ...config,
    parser: 'markdown',
  });
}

type Section = () => string;

const text =
  (...paragraphs: readonly string[]): Section =>
  () =>
    paragraphs.join('\n\n');

/** An operator: a method of a stream of records. */
const operator =
  (name: string, more = '', owner = 'RecordStream'): Section =>
  () =>
    [`### ${name}()`, methodText(BUILDER, owner, name), more, example(name)].join('\n\n');

/** A function that users import. */
const imported =
  (name: string, file: string, more = ''): Section =>
  () =>
    [`### ${name}()`, functionText(file, name), more, example(name)].join('\n\n');

const options =
  (title: string, file: string, name: string): Section =>
  () => {
    const rows = membersOf(file, name).map(
      (member) => `| \`${nameOf(member)}\` | ${cell(member)} | ${escape(member.text)} |`,
    );
    return [title, ['| option | type | what it does |', '|---|---|---|', ...rows].join('\n')].join(
      '\n\n',
    );
  };

function example(name: string): string {
  const code = readFileSync(join(examples, `${name}.ts`), 'utf8').trim();
  return `\`\`\`ts\n${code}\n\`\`\``;
}

function nameOf({ name, isOptional }: Member): string {
  return isOptional ? `${name}?` : name;
}

function cell({ type }: Member): string {
  return `\`${escape(type.replaceAll(/\s+/g, ' '))}\``;
}

function escape(value: string): string {
  return value.replaceAll('|', '\\|');
}

const SECTIONS: readonly Section[] = [
  text(
    '# Pipelines: every operator, window and option',
    `A pipeline reads topics, does something with their records, and writes topics or files. It is a
TypeScript file in the folder [\`pipelines\`](../pipelines/README.md). The same definition runs as a
**stream**, which reads for ever, or as a **batch** job, which reads windows of offsets on a schedule:
the results are the same.`,
    `Every example on this page is a file of \`libs/pipelines/examples\` that the tests run: \`input\` is
what the topics hold, \`output\` is what the pipeline has written when all is read (and, where
\`advance\` is there, when that much time went by). This page is made of these files and of the
docstrings by \`npm run docs\`.`,
    '## Defining a pipeline',
    functionText(BUILDER, 'pipeline'),
    example('pipeline'),
  ),
  options(
    'Options of `pipeline(name, options)`:',
    'topology/pipeline-options.ts',
    'PipelineOptions',
  ),
  options('`retry`:', 'topology/pipeline-definition.ts', 'RetryOptions'),
  options(
    '`schedule`, of pipelines that run as batch jobs:',
    'topology/schedule-options.ts',
    'ScheduleOptions',
  ),
  text(
    `Lengths of time are a number of milliseconds or a text such as \`'500ms'\`, \`'10s'\`, \`'5m'\`,
\`'2h'\` or \`'1d'\`. A definition that cannot work throws \`PipelineDefinitionError\` where it is
written, with what is allowed.`,
    '## Reading',
  ),
  () => ['### from()', methodText(BUILDER, 'PipelineStart', 'from'), example('from')].join('\n\n'),
  options('Options of `from(topics, options)`:', OPTIONS, 'SourceOptions'),
  text(
    `The schema is zod's, any other [Standard Schema](https://standardschema.dev), an object with
\`parse\`, or a function that returns the value or throws. Types follow from it up to the sink.`,
    `**Event time** is when something happened, not when it was written. A record is **late** when it is
more than \`lateness\` behind the newest record of its own partition; equal is not late. How other
partitions, or the stream and the batch job, are read does not matter for that. The **watermark** says
up to when everything has come: windows close and timers fire by it. A partition without new records
for \`idleAfter\` does not hold it up; when all are quiet it goes on by the clock.`,
    example('format'),
    '## Operators on one record',
    'Each may return a promise. What one throws counts against the record: see [errors](#errors).',
  ),
  operator('filter'),
  operator('map'),
  operator('flatMap'),
  operator('mapAsync'),
  text(
    '## Keys',
    `Operators that count, remember or join need to have the records of a key in one place. Where
\`keyBy()\` gives a key that is not the record's own, they go through an internal topic
(\`<pipeline>-<label>-repartition\`).`,
  ),
  operator('keyBy'),
  operator('byRecordKey'),
  text(
    '## Windows',
    `\`window(…)\` is followed by \`aggregate(…)\`, whose row says key, start and end of the window:
\`{ key, windowStart, windowEnd, …result }\`. A row behind a window lies at the window's last
millisecond, so that it falls into the longer window that holds it.`,
    methodText(BUILDER, 'WindowedStream', 'aggregate'),
  ),
  options('`aggregate(options)`:', 'topology/aggregate-options.ts', 'AggregateOptions'),
  options('Options of `window(spec, options)`:', OPTIONS, 'WindowOptions'),
  text(
    `A window closes when the watermark is at its end and \`grace\`. A record is late for it when the
window had closed by the record's own partition. With hopping windows a record is added to those that
are still open. Every late record is counted and shown with how late it was.`,
    `A partition that was left out as idle may come back with records that are not late: the row is
then written once more under the same \`penstock.id\`, and what reads it gets it a second time.`,
  ),
  imported('tumbling', 'time/windows.ts'),
  imported('hopping', 'time/windows.ts'),
  imported(
    'session',
    'time/windows.ts',
    `Records that are exactly \`gap\` apart are of one session. As a batch job it needs a \`grace\`. A record
that is not late may still make a session longer that was written: its row is then written again, under
the same id. A session is known by its start: with \`late: 'update'\`, a late record before the start writes a row under a new
id, and one that joins two sessions corrects the row of the first; the rows that were written under the
other ids stay.`,
  ),
  imported(
    'calendar',
    'time/windows.ts',
    'A day on which the clock is changed has 23 or 25 hours, and a month as many days as it has.',
  ),
  text('### Rows before the window closes', example('changes')),
  text(
    '## Aggregates without a window',
    methodText(BUILDER, 'RecordStream', 'aggregate'),
    'See the example of [keyBy()](#keyby).',
    '## State and timers',
  ),
  operator(
    'process',
    `A record waits until the watermark has passed it, so that the handler sees the records of a key in
the order of their times. Timers are in that order too; at equal times records come first. A timer in
the past fires at once.`,
  ),
  options('Options of `process(label, options)`:', OPTIONS, 'ProcessOptions'),
  options(
    'The context of `onRecord` and `onTimer` has, besides [the context of all operators](#the-context):',
    CONTEXT,
    'ProcessContext',
  ),
  text('## Tables'),
  operator('joinTable', functionText('topology/table.ts', 'table')),
  options('Options of `table(topic, options)`:', 'topology/table.ts', 'TableOptions'),
  text(
    `All rows that are there are read before the first record. A table has no time: a record meets the
row that is the newest when it comes. When records of several record keys have the same row key, the
one with the latest timestamp is the row. A tombstone removes the rows that records of its own key
brought. Each record key should stand for one row: compaction keeps its newest record only. A record that is no row goes to the dead-letter topic, once, and the row before stays.`,
    '## Joining and removing doubles',
  ),
  operator('join'),
  options('Options of `join(other, options, join)`:', OPTIONS, 'JoinOptions'),
  operator(
    'dedupe',
    `A late record counts where its log had come to: it is let through unless one with its identity and
a time no further away than \`within\` was let through before. What was let through is remembered until
event time has gone on by \`within\`.`,
  ),
  text('## Several ways'),
  operator('branch'),
  operator('merge'),
  text(
    '### endsIn()',
    functionText(ENDS, 'endsIn'),
    'See the example of [branch()](#branch).',
    '## Writing',
  ),
  operator(
    'to',
    `Each record has the headers \`penstock.id\` (the same whenever the same records are read: who
keeps the newest of each has every result once), \`penstock.pipeline\`, for rows of windows
\`penstock.window.start\` and \`penstock.window.end\`, and in batch \`penstock.run\`.`,
  ),
  operator(
    'toCsv',
    'The columns are names of fields, or headers with a function of the row. A stream needs a topic, too.',
  ),
  text(
    '## Errors',
    `A record that cannot be read, does not fit the schema, or on which an operator throws goes to the
dead-letter topic, after \`retry.attempts\` tries, as it was and with the headers
\`penstock.errors.stage\`, \`.message\`, \`.class\`, \`.topic\`, \`.partition\`, \`.offset\`,
\`.timestamp\`, \`.attempt\`. Nothing else of it is left: all operators undo what it did. A call that
takes longer than \`handlerTimeout\` fails. Who throws \`RetryLater\` says that something else is at
fault: the pipeline waits and tries again for ever, and no record is lost.`,
    example('errors'),
    '## The context',
    'The second argument of every function of an operator:',
  ),
  options('', CONTEXT, 'OperatorContext'),
  text(
    'Use its times in place of the clock: the same records then give the same results whenever they are read.',
    example('context'),
    '## The test kit',
    functionText('test-kit/test-driver.ts', 'testDriver'),
    example('testDriver'),
  ),
  options(
    'Options of `testDriver(definition, options)`:',
    'test-kit/test-driver.ts',
    'TestDriverOptions',
  ),
  options('What it has:', 'test-kit/test-driver.ts', 'TestDriver'),
  options('A record for `pipe()`:', 'test-kit/test-log.ts', 'TestRecord'),
  text(
    '## Trying crashes',
    `\`npm run sim -- --pipeline NAME\` runs a pipeline of yours over records, once without faults and then
many times with crashes, partitions that are read in another order, records that come twice, and the
cuts of batch runs. The results must be the same each time; the first that is not is printed with its
seed, and \`-- --pipeline NAME --seed N\` shows how it came about, step by step. It finds, for
instance, an \`add\` whose result depends on the order of records, and a handler that asks the clock.`,
    `The records come from \`--records FILE\`, with a JSON object on each line
(\`{"key": "a", "value": {"device": "a", "celsius": 20, "at": 0}}\`; \`timestamp\`, \`topic\`,
\`partition\` and \`headers\` may be there too), or from a function \`records()\` that the file
\`NAME.sim.ts\` beside the pipeline exports, as the samples do.`,
  ),
];
