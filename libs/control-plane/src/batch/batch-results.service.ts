import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config, ControlDatabase } from '@penstock/platform';

/** A file that can be downloaded. */
export interface ResultFile {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
}

/** What batch runs made: files below the data folder. */
@Injectable()
export class BatchResultsService {
  readonly #database: ControlDatabase;
  readonly #config: Config;

  constructor(database: ControlDatabase, config: Config) {
    this.#database = database;
    this.#config = config;
  }

  /**
   * The result of the newest generation of a run that succeeded; null when there is none. While a
   * restarted run has not succeeded, that is the one of before.
   */
  async find(id: string): Promise<ResultFile | null> {
    const row = await this.#database.batchRun.findUnique({ where: { id } });
    if (row === null || row.resultFile === null) {
      return null;
    }
    const folder = resultFolder(this.#config.dataDir, id, row.resultGeneration);
    return { path: join(folder, row.resultFile), name: row.resultFile };
  }
}

/**
 * Folder of the result of a run's generation, absolute when `dataDir` is.
 *
 * @param generation null for results of before there were generations
 */
export function resultFolder(dataDir: string, runId: string, generation: number | null): string {
  const folder = join(dataDir, 'results', runId);
  return generation === null ? folder : join(folder, `g${generation}`);
}
