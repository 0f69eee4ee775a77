import 'reflect-metadata';
import { TestBroker } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApplication } from '../application.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly example: string;
}
interface Media {
  readonly examples?: Record<string, { readonly value: unknown }>;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, { readonly content: Record<string, Media> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

let broker: TestBroker;
let api: TestApi;
let url: string;
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  broker = await TestBroker.start();
  api = await TestApi.start(createApplication, { bootstrap: broker.bootstrap });
  ({ url } = api);
  document = (await (await fetch(`${url}/docs-json`)).json()) as Document;
  ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'openapi');
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

interface Sent {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly body?: string;
  /** Instead of the example of the document. */
  readonly inPath?: Record<string, string>;
}

const pointer = (...names: readonly string[]): string =>
  names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Sends a request, and holds status, content type and body of the answer against the document. */
async function send(sent: Sent): Promise<number> {
  const { path, method, operation, headers = {}, query = '', body, inPath = {} } = sent;
  const target = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const example = operation.parameters?.find((parameter) => parameter.name === name)?.example;
    return encodeURIComponent(inPath[name] ?? example ?? '');
  });
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  const response = await fetch(`${url}${target}${query}`, init);
  const what = `${method} ${target}${query} ${JSON.stringify(headers)} ${body ?? ''}`;
  const status = String(response.status);
  const text = await response.text();
  expect(Object.keys(operation.responses), `${what} → ${status} ${text}`).toContain(status);
  const media = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  expect(Object.keys(operation.responses[status]?.content ?? {}), what).toContain(media);
  const names = ['paths', path, method, 'responses', status, 'content', media, 'schema'];
  const validate = ajv.getSchema(`openapi#${encodeURI(pointer(...names))}`);
  void validate?.(JSON.parse(text));
  expect(validate, what).toBeTypeOf('function');
  expect(validate?.errors, `${what} → ${text}`).toBeNull();
  return response.status;
}

function operations(): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths)
    .filter(([path]) => /^\/(ingest|topics|v3)\b/.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

it('takes every example of the ingest routes, and answers as it says', async () => {
  const statuses = new Set<number>();
  for (const at of operations()) {
    const { requestBody, parameters = [] } = at.operation;
    if (requestBody === undefined) await send({ ...at, inPath: { cluster: await clusterId() } });
    for (const [type, { examples = {} }] of Object.entries(requestBody?.content ?? {})) {
      expect(Object.keys(examples), `${at.path} ${type}`).not.toEqual([]);
      for (const { value } of Object.values(examples)) {
        const example = { ...at, headers: { 'content-type': type }, body: textOf(value) };
        const status = await send(example);
        statuses.add(status);
        expect(status, `${at.path} ${type}`).toBeLessThan(300);
      }
    }
    const [first] = Object.entries(requestBody?.content ?? {});
    for (const { name, in: place, example } of parameters) {
      if (first === undefined || place === 'path') continue;
      const body = textOf(Object.values(first[1].examples ?? {})[0]?.value);
      const headers = { 'content-type': first[0], ...(place === 'header' && { [name]: example }) };
      const query = place === 'query' ? `?${name}=${encodeURIComponent(example)}` : '';
      expect(await send({ ...at, headers, query, body }), name).toBe(200);
    }
  }
  expect(statuses).toEqual(new Set([200, 207]));
});

it('says of every refusal which status and shape it has', async () => {
  for (const at of operations()) {
    const [type = ''] = Object.keys(at.operation.requestBody?.content ?? {});
    expect(await send({ ...at, query: '?nothing=1' }), at.path).toBe(400);
    expect(await send({ ...at, headers: { 'idempotency-key': '1' } }), at.path).toBe(501);
    if (type === '') continue;
    const headers = { 'content-type': type };
    const refused = [
      send({ ...at, headers, body: '{' }),
      send({ ...at, headers, body: '[]' }),
      send({ ...at, headers, body: '{"records":[{"value":1,"partition":99}]}' }),
      send({ ...at, headers, body: '{"entries":[]}' }),
      send({ ...at, headers, body: '1', inPath: { topic: 'a b' } }),
      send({ ...at, headers: { 'content-type': 'text/plain' }, body: '1' }),
      send({ ...at, headers: { ...headers, 'content-encoding': 'lz4' }, body: '1' }),
      send({ ...at, headers: { ...headers, 'content-encoding': 'gzip' }, body: '1' }),
    ];
    await Promise.all(refused);
  }
});

async function clusterId(): Promise<string> {
  const clusters = (await (await fetch(`${url}/v3/clusters`)).json()) as {
    data: { cluster_id: string }[];
  };
  return clusters.data[0]?.cluster_id ?? '';
}
