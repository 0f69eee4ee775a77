import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';

const contract = buildSchema(
  readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
);

interface Described {
  readonly path: string;
  readonly description: string | null | undefined;
}

/**
 * Types, their fields, the arguments of those, and values: all that a reader of the schema meets.
 */
function elementsOf(schema: GraphQLSchema): Described[] {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) =>
      !isIntrospectionType(type) &&
      !isSpecifiedScalarType(type) &&
      !['Query', 'Mutation', 'Subscription'].includes(type.name),
  );
  const elements: Described[] = types.map(({ name, description }) => ({ path: name, description }));
  const inner = (parent: string, all: readonly { name: string; description?: string | null }[]) =>
    elements.push(
      ...all.map(({ name, description }) => ({ path: `${parent}.${name}`, description })),
    );
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    if (isEnumType(type)) inner(type.name, toNamed(type.getValues()));
    if (isInputObjectType(type)) inner(type.name, toNamed(Object.values(type.getFields())));
  }
  for (const { path, field } of fieldsOf(schema)) {
    elements.push({ path, description: field.description });
    inner(path, toNamed(field.args));
  }
  return elements;
}

function toNamed(all: readonly { name: string; description?: string | null | undefined }[]) {
  return all.map(({ name, description }) => ({ name, description: description ?? null }));
}

function fieldsOf(
  schema: GraphQLSchema,
): { path: string; field: GraphQLField<unknown, unknown> }[] {
  return Object.values(schema.getTypeMap()).flatMap((type) =>
    (isObjectType(type) || isInterfaceType(type)) && !isIntrospectionType(type)
      ? Object.values(type.getFields()).map((field) => ({
          path: `${type.name}.${field.name}`,
          field,
        }))
      : [],
  );
}

function undescribed(schema: GraphQLSchema): string[] {
  return elementsOf(schema)
    .filter(({ description }) => !/^[^a-z].*\.$/su.test(description ?? ''))
    .map(({ path }) => path);
}

/** What grows with the data: offsets, sizes, and counts of records. */
const LARGE =
  /offset|bytes|scanned|skipped|rows|lag|seq|total|consumed|produced|deadLettered|recordCount|records(Read|Total)/i;
const LARGE_BY_NAME_ALONE = new Set([
  // A column of samples: a Float, since it also holds rates.
  'HistorySeries.value',
]);

function tooSmall(schema: GraphQLSchema): string[] {
  return fieldsOf(schema)
    .filter(({ path, field }) => LARGE.test(field.name) && !LARGE_BY_NAME_ALONE.has(path))
    .filter(({ field }) => getNamedType(field.type).name === 'Int')
    .map(({ path }) => path);
}

/** Lists without a size of their own, and what bounds them. */
const BOUNDED: Readonly<Record<string, string>> = {
  'BatchJob.nextRunsAt': 'three',
  'BatchJob.sources': 'what the author of the pipeline wrote',
  'History.series': 'the series that were asked for, at most 50',
  'HistorySeries.at': '`maxPoints` of the input',
  'HistorySeries.value': '`maxPoints` of the input',
  'LiveFrame.processes': 'broker, api and worker',
  'LiveFrame.processors': 'what the authors of pipelines wrote',
  'LiveFrame.runs': 'one run of each job at a time, and those of the last half minute',
  'Pipeline.operators': 'what the author of the pipeline wrote',
  'Pipeline.sinks': 'what the author of the pipeline wrote',
  'Pipeline.sources': 'what the author of the pipeline wrote',
  'Processor.instances': 'the worker processes that live',
  'Query.batchJobs': 'what the authors of pipelines wrote',
  'Query.pipelines': 'what the authors of pipelines wrote',
  'Record.headers': 'the size that a record may have',
  'RecordPage.next': 'the partitions that were looked at: one each',
  'RecordPage.records': '`limit` of the input',
  'System.processes': 'broker, api and worker',
  'System.workers': 'the worker processes that have lately reported themselves',
  'TailFrame.records': 'the cap of a frame; `skipped` says how many were left out',
  'WindowGridConnection.faults': 'none, as long as the rule holds',
  'Topic.configs': 'the settings that Kafka knows',
};

function unbounded(schema: GraphQLSchema): string[] {
  return fieldsOf(schema)
    .filter(({ field }) => isListType(getNullableType(field.type)))
    .filter(({ path, field }) => {
      const isPage = path.endsWith('Connection.nodes');
      return !isPage && !field.args.some(({ name }) => name === 'first') && !(path in BOUNDED);
    })
    .map(({ path }) => path);
}

/**
 * A list that can be cut has its length beside it, or in the `totals` of its frame; runs are
 * counted by `batchRuns`.
 */
function uncounted(schema: GraphQLSchema): string[] {
  const paths = new Set(fieldsOf(schema).map(({ path }) => path));
  return fieldsOf(schema)
    .filter(({ field }) => isListType(getNullableType(field.type)))
    .filter(({ field }) => field.args.some(({ name }) => name === 'first'))
    .filter(({ path, field }) => {
      const type = path.split('.')[0] ?? '';
      const counts = [
        `${type}.${field.name.replace(/s$/, '')}Count`,
        `${type}.total${field.name}Count`,
        `${type}Totals.${field.name}`.replace('LiveFrameTotals', 'LiveTotals'),
      ];
      return !counts.some((count) => paths.has(count)) && path !== 'BatchJob.runs';
    })
    .map(({ path }) => path);
}

describe('the schema', () => {
  it('describes each of its elements in a sentence', () => {
    expect(undescribed(contract)).toEqual([]);
  });

  it('has room for offsets, sizes and counts that grow with the data', () => {
    expect(tooSmall(contract)).toEqual([]);
  });

  it('bounds each list, and says how long it is where it can be cut', () => {
    expect(unbounded(contract)).toEqual([]);
    expect(uncounted(contract)).toEqual([]);
  });

  it('has no exception for a list that is not there', () => {
    const paths = new Set(fieldsOf(contract).map(({ path }) => path));
    expect(Object.keys(BOUNDED).filter((path) => !paths.has(path))).toEqual([]);
  });
});

describe('these rules', () => {
  const faulty = buildSchema(`
    type Query { shelves: [Shelf!]! "Books." books("Name." name: String, size: Int): Int }
    "A shelf." type Shelf { "Where it ends." endOffset: Int! "Its books." books(first: Int): [Int!] }
    "lower case." enum Colour { RED "Green." GREEN }
    input Wish { title: String }
  `);

  it('find what breaks them', () => {
    expect(undescribed(faulty).sort()).toEqual([
      'Colour',
      'Colour.RED',
      'Query.books.size',
      'Query.shelves',
      'Shelf.books.first',
      'Wish',
      'Wish.title',
    ]);
    expect(tooSmall(faulty)).toEqual(['Shelf.endOffset']);
    expect(unbounded(faulty)).toEqual(['Query.shelves']);
    expect(uncounted(faulty)).toEqual(['Shelf.books']);
  });
});
