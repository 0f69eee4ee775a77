import { join } from 'node:path';
import { repositoryRoot, run } from '@penstock/testing';
import { fetchByMaven } from '../../test/maven.mjs';
import { ProcessDriver } from '../driver.ts';
import type { ClientSource } from './client.ts';

const driverSource = join(repositoryRoot, 'tools/compat/drivers/Driver.java');
const needed = [
  { groupId: 'com.fasterxml.jackson.core', artifactId: 'jackson-databind', version: '2.19.2' },
  { groupId: 'org.slf4j', artifactId: 'slf4j-nop', version: '1.7.36' },
];

/** The newest, and one from before most of what changed since. */
export const javaClients: ClientSource[] = ['4.3.1', '2.8.2'].map((version) => ({
  name: `java-${version}`,
  title: `Java kafka-clients ${version}`,
  async prepare(cacheFolder) {
    const kafka = { groupId: 'org.apache.kafka', artifactId: 'kafka-clients', version };
    const jars = await fetchByMaven(`compat-java-${version}`, [kafka, ...needed]);
    if (jars === undefined) {
      return 'java, javac or mvn is not installed, or Maven could not fetch it';
    }
    const libraries = join(jars, '*');
    const classes = join(cacheFolder, `java-${version}`);
    await run('javac', ['-nowarn', '-d', classes, '-cp', libraries, driverSource], {
      deadlineMs: 120_000,
    });
    const words = ['java', ...smallJvm, '-cp', `${classes}:${libraries}`, 'Driver'];
    return {
      name: `java-${version}`,
      title: `Java kafka-clients ${version}`,
      start: (servers) => new ProcessDriver([...words, servers]),
    };
  },
}));

/** Starts fast and stays small; nothing here runs for long. */
export const smallJvm = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];
