import { join } from 'node:path';
import { ManagedProcess, run } from '@penstock/testing';
import { smallJvm } from '../clients/java.ts';

/** One program of Apache Kafka's own, and something it is used for. */
export interface ProgramCheck {
  program: string;
  what: string;
  check: (programs: Programs) => Promise<void>;
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
