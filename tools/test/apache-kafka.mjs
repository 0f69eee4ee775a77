import { fetchByMaven } from './maven.mjs';

export const KAFKA_VERSION = '4.3.1';

/**
 * Fetches Apache Kafka itself, broker and tools, through Maven, once: no distribution archive is
 * needed, everything starts from this class path (`<folder>/*`).
 * @returns {Promise<string | undefined>} the folder with the jars; undefined where it cannot be had
 */
export function ensureApacheKafka() {
  const kafka = (artifactId) => {
    return { groupId: 'org.apache.kafka', artifactId, version: KAFKA_VERSION };
  };
  const dependencies = ['kafka_2.13', 'kafka-tools', 'kafka-clients'].map(kafka);
  const quiet = { groupId: 'org.slf4j', artifactId: 'slf4j-nop', version: '1.7.36' };
  return fetchByMaven(`apache-kafka-${KAFKA_VERSION}`, [...dependencies, quiet]);
}
