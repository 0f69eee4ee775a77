import { PrismaClient } from '@penstock/prisma/broker';
import { createSqliteAdapter } from './sqlite-adapter.ts';

/** broker.db through Prisma. A commit is on the disk when it returns (synchronous = FULL). */
export type BrokerDatabase = PrismaClient;

/** Opens a migrated broker.db; the caller closes it by `$disconnect`. */
export async function openBrokerDatabase(file: string): Promise<BrokerDatabase> {
  const client = new PrismaClient({ adapter: createSqliteAdapter({ file, synchronous: 'FULL' }) });
  await client.$connect();
  return client;
}
