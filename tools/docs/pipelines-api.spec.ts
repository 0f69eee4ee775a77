import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { apiDocument, makeApiDocument } from './pipelines-api.ts';

it('docs/pipelines-api.md is what `npm run docs` makes of the examples and docstrings', async () => {
  expect(readFileSync(apiDocument, 'utf8')).toBe(await makeApiDocument());
});
