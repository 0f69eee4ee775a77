import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface EventRow {
  readonly id: string;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
}

interface Page {
  readonly nodes: EventRow[];
  readonly totalCount: number;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock({ processes: ['broker', 'api'] });
  client = new GraphqlClient(penstock.baseUrl);
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await client.query('mutation ($name: String!) { deleteTopic(name: $name) { __typename } }', {
      name,
    });
    await create(name);
  }
  await eventually(async () => (await list()).totalCount >= 5);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

function create(name: string): Promise<unknown> {
  return client.query(
    'mutation ($name: String!) { createTopic(input: { name: $name }) { __typename } }',
    { name },
  );
}

async function list(variables: Record<string, unknown> = {}): Promise<Page> {
  const { events } = await client.query<{ events: Page }>(
    `query ($first: Int, $after: String, $subject: String) {
      events(first: $first, after: $after, subject: $subject) {
        nodes { id at kind subject message } totalCount endCursor hasNextPage } }`,
    variables,
  );
  return events;
}

describe('events', () => {
  test('say what happened to topics, newest first, and can be asked for by subject', async () => {
    const { nodes, totalCount } = await eventually(async () => {
      const page = await list({ subject: 'e' });
      return page.totalCount > 0 && page;
    });
    expect([nodes.length, totalCount]).toEqual([1, 1]);
    expect(nodes[0]).toMatchObject({ kind: 'TOPIC_CREATED', subject: 'e' });
    expect(nodes[0]!.message).toContain('e');
    expect(Date.now() - nodes[0]!.at).toBeLessThan(3_600_000);
    const ids = (await list({ first: 500 })).nodes.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect((await list({ subject: 'no-such-subject' })).nodes).toEqual([]);
  });

  test('page by page, are the same as at once: none twice, none left out', async () => {
    const pages: Page[] = [];
    let after: string | null = null;
    do {
      const page: Page = await list({ first: 2, after });
      pages.push(page);
      after = page.hasNextPage ? page.endCursor : null;
    } while (after !== null);
    const walked = pages.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    const atOnce = (await list({ first: 500 })).nodes.map(({ id }) => id);
    expect(walked.filter((id) => atOnce.includes(id))).toEqual(walked);
    expect(new Set(walked).size).toBe(walked.length);
    expect(walked.length).toBeGreaterThanOrEqual(5);
  });

  test('are told from where a reader was, and then as they happen', async () => {
    const [, known] = (await list({ first: 2 })).nodes;
    const tail = client.subscribe<{ events: EventRow }>(
      'subscription ($after: ID) { events(after: $after) { id kind subject } }',
      { after: known!.id },
    );
    await tail.until(({ events }) => Number(events.id) > Number(known!.id));
    await create('told');
    await tail.until(({ events }) => events.subject === 'told');
    const ids = tail.values.map(({ events }) => Number(events.id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(ids[0]).toBeGreaterThan(Number(known!.id));
    tail.stop();
  });
});
