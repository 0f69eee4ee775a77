import { join } from 'node:path';
import { root } from '../install/repository.mjs';
import { fetchByMaven } from './maven.mjs';

const VERSION = '4.3.1';
const NAME = `kafka-clients-${VERSION}`;
/** Where the tests find Apache Kafka's own Java client and what it needs. */
export const javaClientFolder = join(root, 'node_modules', '.cache', NAME);

/**
 * Fetches Apache Kafka's Java client through Maven, once.
 * @returns {Promise<boolean>} false where there is no Maven, or it could not fetch
 */
export async function ensureJavaClients() {
  const folder = await fetchByMaven(NAME, [
    { groupId: 'org.apache.kafka', artifactId: 'kafka-clients', version: VERSION },
    { groupId: 'org.slf4j', artifactId: 'slf4j-nop', version: '1.7.36' },
  ]);
  return folder !== undefined;
}
