import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { KAFKA_VERSION } from '../../test/apache-kafka.mjs';
import { fetchByMaven } from '../../test/maven.mjs';
import { virtualEnvironment } from '../../test/python.mjs';

export type EngineName = 'penstock' | 'streams' | 'quix';

/** How an engine is started; the words behind `args` are servers, topology and state folder. */
export interface Engine {
  readonly name: EngineName;
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
}

const here = (name: string): string => join(import.meta.dirname, name);
const QUIX_VERSION = '3.28.1';
/** What `PENSTOCK_PIPELINES_MEMORY_MB` is by default. */
const MEMORY_OF_A_WORKER = '--max-old-space-size=512';

export const penstockEngine: Engine = {
  name: 'penstock',
  title: 'Penstock',
  command: process.execPath,
  args: [MEMORY_OF_A_WORKER, ...workerArguments(), here('penstock-engine.ts')],
};

/** The engines that can run here, ours first; says of the others why not. */
export async function availableEngines(say: (words: string) => void): Promise<Engine[]> {
  const engines = [penstockEngine];
  const jars = await fetchByMaven(`kafka-streams-${KAFKA_VERSION}`, [
    { groupId: 'org.apache.kafka', artifactId: 'kafka-streams', version: KAFKA_VERSION },
    { groupId: 'com.fasterxml.jackson.core', artifactId: 'jackson-databind', version: '2.19.2' },
    { groupId: 'org.slf4j', artifactId: 'slf4j-nop', version: '1.7.36' },
  ]);
  if (jars === undefined) say('Kafka Streams is not measured: there is no Maven or no JDK');
  else {
    const args = ['-cp', join(jars, '*'), here('StreamsEngine.java')];
    engines.push({
      name: 'streams',
      title: `Kafka Streams ${KAFKA_VERSION}`,
      command: 'java',
      args,
    });
  }
  const folder = join(repositoryRoot, 'node_modules', '.cache', `quix-${QUIX_VERSION}`);
  const problem = await virtualEnvironment(folder, [`quixstreams==${QUIX_VERSION}`]);
  if (problem !== undefined) say(`Quix Streams is not measured: ${problem}`);
  else {
    const command = join(folder, 'bin', 'python');
    const args = ['-u', here('quix_engine.py')];
    engines.push({ name: 'quix', title: `Quix Streams ${QUIX_VERSION}`, command, args });
  }
  return engines;
}

/** What a worker is started with. */
function workerArguments(): string[] {
  const file = join(repositoryRoot, 'apps', 'worker', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { nodeArguments: string[] }).nodeArguments;
}
