/**
 * How far each log was compacted (Kafka: `cleaner-offset-checkpoint`), one file for all, a text:
 *
 *   0                                          version
 *   2                                          count of lines that follow
 *   <topic>-<partition>/<topic id> <offset>    everything below was compacted
 *
 * An offset is a hint: if it is lost or too low, records that were compacted are read again.
 * Migration: another version is ignored.
 */
import { replaceFile } from '../atomic-file.ts';
import type { LogServices } from '../log-services.ts';
import { readFile } from '../whole-file.ts';

const FILE = 'cleaner-offset-checkpoint';
const VERSION = '0';

export class CleanerOffsets {
  readonly #services: LogServices;
  readonly #offsets = new Map<string, number>();

  constructor(services: LogServices) {
    this.#services = services;
    this.#read();
  }

  /** 0 if nothing is known. */
  get(key: string): number {
    return this.#offsets.get(key) ?? 0;
  }

  /** At most one call at a time. A file that cannot be written is logged, and the old one stays. */
  async set(key: string, offset: number): Promise<void> {
    this.#offsets.set(key, offset);
    await this.#write();
  }

  remove(key: string): void {
    this.#offsets.delete(key);
  }

  #read(): void {
    const { files, directory } = this.#services;
    const path = `${directory}/${FILE}`;
    const [version, count, ...lines] = readFile(files, path).toString().split('\n');
    if (version !== VERSION || lines.length <= Number(count)) return;
    for (const line of lines) {
      const [key, offset] = line.split(' ');
      if (key && /^\d+$/.test(offset ?? '')) this.#offsets.set(key, Number(offset));
    }
  }

  async #write(): Promise<void> {
    const { files, directory, logger } = this.#services;
    const path = `${directory}/${FILE}`;
    const lines = [...this.#offsets].map(([key, offset]) => `${key} ${offset}\n`);
    const text = `${VERSION}\n${lines.length}\n${lines.join('')}`;
    try {
      await replaceFile(files, { directory, path, content: Buffer.from(text) }, () => true);
    } catch (error) {
      logger.warn({ err: error }, 'the cleaner offset checkpoint was not written');
    }
  }
}
