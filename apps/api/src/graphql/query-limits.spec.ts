import { buildSchema, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkQueryLimits, DEPTH_MAX } from './query-limits.ts';

const schema = buildSchema(`
  type Mutation { rename(to: String!): Folder }
  type Subscription { renamed: Folder }
  type Query { folder: Folder! folders(first: Int): FolderPage! all: [Folder!]! }
  type FolderPage { nodes: [Folder!]! }
  type Folder { name: String! parent: Folder children(first: Int): FolderPage! siblings: [Folder!]! }
`);

function check(query: string, variables: Record<string, unknown> = {}) {
  return checkQueryLimits(schema, parse(query), { variables })?.extensions['code'] ?? 'allowed';
}

function nested(levels: number): string {
  return levels === 0 ? 'name' : `parent { ${nested(levels - 1)} }`;
}

describe('depth', () => {
  it('is allowed up to the limit and refused beyond', () => {
    expect(check(`{ folder { ${nested(DEPTH_MAX - 2)} } }`)).toBe('allowed');
    expect(check(`{ folder { ${nested(DEPTH_MAX - 1)} } }`)).toBe('QUERY_TOO_LARGE');
  });

  it('counts through fragments, inline and named', () => {
    const deep = `fragment Deep on Folder { ${nested(6)} }`;
    expect(check(`{ folder { ... on Folder { ${nested(DEPTH_MAX - 1)} } } }`)).toBe(
      'QUERY_TOO_LARGE',
    );
    expect(check(`{ folder { parent { parent { parent { ...Deep } } } } } ${deep}`)).toBe(
      'QUERY_TOO_LARGE',
    );
    expect(check(`{ folder { ...Deep } } ${deep}`)).toBe('allowed');
  });

  it('is not hidden behind introspection', () => {
    expect(check(`{ __typename folder { ${nested(DEPTH_MAX)} } }`)).toBe('QUERY_TOO_LARGE');
  });
});

describe('fields at the root', () => {
  const repeated = (count: number) =>
    Array.from({ length: count }, (_, index) => `a${index}: rename(to: "x") { name }`).join(' ');

  it('are few in a mutation, however they are spread', () => {
    expect(check(`mutation { ${repeated(10)} }`)).toBe('allowed');
    expect(check(`mutation { ${repeated(11)} }`)).toBe('QUERY_TOO_LARGE');
    const fragments = `fragment A on Mutation { ${repeated(6)} ...B } fragment B on Mutation { b: rename(to: "") { name } }`;
    expect(check(`mutation { ...A } ${fragments}`)).toBe('allowed');
    expect(check(`mutation { ...A ... on Mutation { ...A } } ${fragments}`)).toBe(
      'QUERY_TOO_LARGE',
    );
  });

  it('are one in a subscription, and bounded in a query', () => {
    expect(check('subscription { a: renamed { name } b: renamed { name } }')).toBe(
      'QUERY_TOO_LARGE',
    );
    const names = (count: number) =>
      Array.from({ length: count }, (_, index) => `a${index}: folder { name }`).join(' ');
    expect(check(`{ ${names(50)} }`)).toBe('allowed');
    expect(check(`{ ${names(51)} }`)).toBe('QUERY_TOO_LARGE');
  });
});

describe('cost', () => {
  it('multiplies the sizes of nested pages', () => {
    const pages = (first: number) =>
      `{ folders(first: ${first}) { nodes { children(first: ${first}) { nodes { name } } } } }`;
    expect(check(pages(100))).toBe('allowed');
    expect(check(pages(500))).toBe('QUERY_TOO_LARGE');
  });

  it('sees a page size in a variable, its default, and takes the most where it sees none', () => {
    const query = (head: string) =>
      `query ${head} { folders(first: $n) { nodes { children(first: $n) { nodes { name } } } } }`;
    expect(check(query('($n: Int)'), { n: 10 })).toBe('allowed');
    expect(check(query('($n: Int)'), { n: 500 })).toBe('QUERY_TOO_LARGE');
    expect(check(query('($n: Int = 5)'))).toBe('allowed');
    expect(check(query('($n: Int)'))).toBe('QUERY_TOO_LARGE');
  });

  it('adds up aliases', () => {
    const one = 'folders(first: 500) { nodes { siblings { name } } }';
    const many = Array.from({ length: 20 }, (_, index) => `a${index}: ${one}`).join(' ');
    expect(check(`{ ${one} }`)).toBe('allowed');
    expect(check(`{ ${many} }`)).toBe('QUERY_TOO_LARGE');
  });

  it('weighs each fragment once, where following them would never end', () => {
    const fragments = Array.from(
      { length: 60 },
      (_, index) =>
        `fragment F${index} on Folder { ${index === 59 ? 'name' : `...F${index + 1} ...F${index + 1}`} }`,
    ).join(' ');
    expect(check(`{ folder { ...F0 } } ${fragments}`)).toBe('allowed');
  });
});
