import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, loadConfig } from '@penstock/platform';
import { temporaryFolder } from '@penstock/testing';
import { expect, it } from 'vitest';
import { createApplication } from '../application.ts';

it('may not begin as any route does, since it could not be told from that route', async () => {
  await using folder = await temporaryFolder();
  const env = { PENSTOCK_DATA_DIR: folder.path, KAFKA_BOOTSTRAP_SERVERS: '[::1]:1' };
  const logger = createLogger({ name: 'api', level: 'silent' });
  const app: NestFastifyApplication = await createApplication({ config: loadConfig(env), logger });
  try {
    await app.init();
    const routes = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
    const segments = new Set(
      [...routes.matchAll(/^ {4}[├└]── ([a-z0-9]+)/gm)].map(([, segment]) => segment as string),
    );
    expect(segments.size).toBeGreaterThan(5);
    for (const segment of segments) {
      const PENSTOCK_PUBLIC_URL = `https://penstock.example/${segment}`;
      expect(() => loadConfig({ ...env, PENSTOCK_PUBLIC_URL }), segment).toThrow(
        'the path not below',
      );
    }
  } finally {
    await app.close();
  }
}, 60_000);
