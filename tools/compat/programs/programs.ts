import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchByMaven } from '../../test/maven.mjs';
import type { BrokerUnderTest } from '../check.ts';
import { table } from '../report.ts';
import { connectChecks } from './connect.ts';
import { kafkaToolChecks } from './kafka-tools.ts';
import { Programs } from './program.ts';
import { streamsChecks } from './streams.ts';

const VERSION = '4.3.1';

export interface ProgramOutcome {
  program: string;
  what: string;
  /** Why it failed; undefined when it did not. */
  problem: string | undefined;
}

/** Runs Apache Kafka's command line tools, Streams and Connect; one line each. */
export async function runPrograms(
  cacheFolder: string,
  broker: BrokerUnderTest,
  runName: string,
  say: (line: string) => void,
): Promise<ProgramOutcome[] | string> {
  const jars = await fetchByMaven(`compat-kafka-${VERSION}`, [
    ...['kafka_2.13', 'kafka-tools', 'kafka-streams'].map(kafka),
    ...['connect-runtime', 'connect-file', 'connect-json'].map(kafka),
    { groupId: 'org.slf4j', artifactId: 'slf4j-simple', version: '1.7.36' },
  ]);
  if (jars === undefined) return 'java, javac or mvn is not installed, or Maven could not fetch it';
  const folder = join(cacheFolder, `programs-${runName}`);
  await mkdir(folder, { recursive: true });
  const programs = new Programs(broker.servers, folder, jars, runName);
  const outcomes: ProgramOutcome[] = [];
  for (const { program, what, check } of [...kafkaToolChecks, ...streamsChecks, ...connectChecks]) {
    const before = performance.now();
    const problem = await check(programs).then(
      () => undefined,
      (error: unknown) => (error as Error).message.replaceAll(/\s+/g, ' ').slice(-600),
    );
    const seconds = ((performance.now() - before) / 1000).toFixed(1).padStart(5);
    say(`${seconds} s  ${program.padEnd(24)} ${problem ?? 'passed'}`);
    outcomes.push({ program, what, problem });
  }
  return outcomes;
}

function kafka(artifactId: string) {
  return { groupId: 'org.apache.kafka', artifactId, version: VERSION };
}

export function programTable(outcomes: readonly ProgramOutcome[]): string {
  return table([
    [`program of Apache Kafka ${VERSION}`, 'what', ''],
    ...outcomes.map(({ program, what, problem }) => [
      program,
      what,
      problem === undefined ? 'pass' : 'FAIL',
    ]),
  ]);
}
