import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ManagedProcess, run } from '@penstock/testing';
import { fetchByMaven } from '../../test/maven.mjs';
import type { BrokerUnderTest } from '../check.ts';
import { smallJvm } from '../clients/java.ts';
import { table } from '../report.ts';
import { connectChecks } from './connect.ts';
import { kafkaToolChecks } from './kafka-tools.ts';
import { streamsChecks } from './streams.ts';

const VERSION = '4.3.1';

/** One program of Apache Kafka's own, and something it is used for. */
export interface ProgramCheck {
  program: string;
  what: string;
  check: (programs: Programs) => Promise<void>;
}

export interface ProgramOutcome {
  program: string;
  what: string;
  /** Why it failed; undefined when it did not. */
  problem: string | undefined;
}

/** Runs programs of Apache Kafka against the broker. */
export class Programs {
  readonly servers: string;
  readonly folder: string;
  readonly classPath: string;
  readonly #run: string;

  constructor(servers: string, folder: string, jars: string, run: string) {
    this.servers = servers;
    this.folder = folder;
    this.classPath = join(jars, '*');
    this.#run = run;
  }

  /** A name of a topic or group that is new in this run. */
  name(what: string): string {
    return `compat-${this.#run}-${what}`;
  }

  /** Runs a main class to its end and gives all that it wrote; fails where it fails. */
  async tool(name: string, args: readonly string[], input?: string): Promise<string> {
    const words = this.#words(`org.apache.kafka.tools.${name}`, args);
    const { stdout, stderr } = await run('java', words, {
      deadlineMs: 90_000,
      ...(input === undefined ? {} : { input }),
    });
    return stdout + stderr;
  }

  /** Runs a main class that has to refuse; gives what it says about it. */
  async refusal(name: string, args: readonly string[]): Promise<string> {
    const words = this.#words(`org.apache.kafka.tools.${name}`, args);
    const running = new ManagedProcess({ command: 'java', args: words });
    const { code } = await running.exited;
    if (code === 0) throw new Error(`${name} ${args.join(' ')} was not refused: ${running.output}`);
    return running.output;
  }

  /** Starts a main class that runs until it is stopped. */
  start(mainClass: string, args: readonly string[]): ManagedProcess {
    return new ManagedProcess({ command: 'java', args: this.#words(mainClass, args) });
  }

  /** The same for a class of ours that was compiled into a folder. */
  startIn(folder: string, mainClass: string, args: readonly string[]): ManagedProcess {
    const words = this.#words(mainClass, args, `${folder}:${this.classPath}`);
    return new ManagedProcess({ command: 'java', args: words });
  }

  #words(mainClass: string, args: readonly string[], classPath = this.classPath): string[] {
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
    return [...smallJvm, quiet, '-cp', classPath, mainClass, ...args];
  }
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
