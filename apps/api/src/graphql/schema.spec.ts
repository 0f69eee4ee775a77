import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { createLogger, loadConfig } from '@penstock/platform';
import { temporaryFolder } from '@penstock/testing';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { createApplication } from '../application.ts';

const CONTRACT = fileURLToPath(new URL('../../schema.graphql', import.meta.url));
const HEADING = `# Contract between apps/api and apps/dashboard. Generated from the code:
# npx vitest run --project unit apps/api/src/graphql/schema.spec.ts -u

`;

test('schema.graphql is what the code makes', async () => {
  await using folder = await temporaryFolder();
  const config = loadConfig({ PENSTOCK_DATA_DIR: folder.path, KAFKA_BOOTSTRAP_SERVERS: '[::1]:1' });
  const logger = createLogger({ name: 'api', level: 'silent' });
  const app = await createApplication({ config, logger });
  try {
    await app.init();
    const { schema } = app.get(GraphQLSchemaHost);
    const sdl = `${HEADING}${printSchema(lexicographicSortSchema(schema))}\n`;
    await expect(sdl).toMatchFileSnapshot(CONTRACT);
  } finally {
    await app.close();
  }
}, 60_000);
