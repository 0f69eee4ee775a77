// npm run docs: writes the documents that are made of the sources.
import { writeFile } from 'node:fs/promises';
import { apiDocument, makeApiDocument } from './pipelines-api.ts';

await writeFile(apiDocument, await makeApiDocument());
