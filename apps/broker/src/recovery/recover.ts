import {
  DataIdentityFile,
  recoverTopics,
  type MetadataStore,
  type RecoveredTopic,
} from '@penstock/kafka-broker';
import { LogManager, NodeFiles } from '@penstock/kafka-log';
import { createLogger, type Config } from '@penstock/platform/process';
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { databaseDamage } from './database-damage.ts';
import { restoreSalvage, salvage } from './salvage.ts';

export interface RecoverOptions {
  readonly isDryRun: boolean;
  /** Path of broker.db. */
  readonly file: string;
  /** Opens it, made new where it is missing. */
  readonly openStore: () => Promise<MetadataStore>;
  /** Takes what is to be told, one line at a time. */
  readonly say: (line: string) => void;
}

/**
 * Repairs broker.db from what lies beside it.
 * @throws DataFolderLockedError while a broker runs
 */
export async function recover(config: Config, options: RecoverOptions): Promise<void> {
  const { isDryRun, file, say } = options;
  const directory = join(config.dataDir, 'log');
  if (!existsSync(directory)) {
    say(`There are no records in ${config.dataDir}: nothing is to be recovered.`);
    return;
  }
  const logger = createLogger({ name: 'recover', level: 'error' }).pino;
  const logs = LogManager.open({ directory, durability: 'fsync', logger });
  try {
    const damage = databaseDamage(file);
    if (damage !== undefined) say(`${file} is damaged: ${damage}`);
    else if (!existsSync(file)) say(`${file} is missing.`);
    if (isDryRun && (damage !== undefined || !existsSync(file))) {
      const found = Map.groupBy(logs.partitionsOnDisk(), ({ topic }) => topic);
      for (const [name, { length }] of found) say(wouldAdd(name, length));
      return;
    }
    const saved = damage === undefined ? undefined : putAside(file, say);
    const store = await options.openStore();
    try {
      if (saved !== undefined) {
        await restoreSalvage(store, saved, Date.now());
        const { topics, offsets } = saved;
        say(`Taken over from it: ${topics.length} topics, ${offsets.length} committed offsets.`);
      }
      const identity = new DataIdentityFile(new NodeFiles(), directory);
      const input = { store, logs, identity, newUuid: randomUUID, isDryRun };
      const done = await recoverTopics(input);
      for (const topic of done) say(lineOf(topic, isDryRun));
      say(done.length === 0 ? 'The topics fit the records.' : advice(isDryRun));
    } finally {
      await store.close();
    }
  } finally {
    await logs.close();
  }
}

/** Moves a damaged database out of the way; gives what can be read of it. */
function putAside(file: string, say: (line: string) => void) {
  const saved = salvage(file);
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${ending}`)) renameSync(`${file}${ending}`, `${aside}${ending}`);
  }
  say(`It was put aside as ${aside}.`);
  return saved;
}

const CHANGES: Readonly<Record<RecoveredTopic['change'], string>> = {
  added: 'added from its records; it keeps all of them until its configs are set again',
  replaced: 'taken from its records in the place of an earlier topic of this name',
  grown: 'grown to the partitions that have records',
  conflicting: 'partitions of another topic of this name were left alone',
};

function lineOf({ name, partitions, change }: RecoveredTopic, isDryRun: boolean): string {
  const wouldBe = isDryRun ? 'would be ' : '';
  return `  ${name} (${partitions}): ${wouldBe}${CHANGES[change]}`;
}

function wouldAdd(name: string, partitions: number): string {
  return `  ${name} (${partitions}): would be added from its records, unless broker.db still has it`;
}

function advice(isDryRun: boolean): string {
  return isDryRun ? 'Nothing was changed.' : 'Done. Start Penstock as usual.';
}
