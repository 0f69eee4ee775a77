import { replaceFileNow, type Files, type LogManager } from '@penstock/kafka-log';

/** What the metadata must agree with; kept beside the records, because the metadata can be lost. */
export interface DataIdentity {
  readonly clusterId: string | undefined;
  /** No producer id from here on was ever given out. */
  readonly nextProducerId: number;
}

/** The metadata does not belong to the records beside it. The message says what to do. */
export class MetadataLostError extends Error {
  override readonly name = 'MetadataLostError';
}

const FILE = 'meta.properties';
const FILE_BYTES_MAX = 64 * 1024;

/**
 * `<log>/meta.properties`: Kafka's file of this name, with one more entry.
 *
 *   version=1
 *   cluster.id=<22 characters>
 *   next.producer.id=<number>
 */
export class DataIdentityFile {
  readonly #files: Files;
  readonly #directory: string;
  #known: DataIdentity;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
    const entries = this.#read();
    const next = Number(entries.get('next.producer.id') ?? 0);
    this.#known = {
      clusterId: entries.get('cluster.id'),
      nextProducerId: Number.isSafeInteger(next) && next > 0 ? next : 0,
    };
  }

  get known(): DataIdentity {
    return this.#known;
  }

  /** Writes what has changed, durably. Synchronous: it happens at starts and every thousand ids. */
  write(change: Partial<DataIdentity>): void {
    const next = { ...this.#known, ...change };
    const isSame =
      next.clusterId === this.#known.clusterId &&
      next.nextProducerId === this.#known.nextProducerId;
    if (isSame) return;
    const files = this.#files;
    const path = `${this.#directory}/${FILE}`;
    const lines = ['version=1', `cluster.id=${next.clusterId ?? ''}`];
    lines.push(`next.producer.id=${next.nextProducerId}`);
    const content = Buffer.from(`${lines.join('\n')}\n`);
    replaceFileNow(files, { directory: this.#directory, path, content });
    this.#known = next;
  }

  #read(): ReadonlyMap<string, string> {
    const path = `${this.#directory}/${FILE}`;
    const size = this.#files.size(path);
    if (size === undefined) return new Map();
    const bytes = Buffer.alloc(Math.min(size, FILE_BYTES_MAX));
    const descriptor = this.#files.open(path, 'read');
    const read = this.#files.read(descriptor, bytes, 0, bytes.length, 0);
    this.#files.close(descriptor);
    const pairs = [...bytes.toString('utf8', 0, read).matchAll(/^([\w.]+)=(.+)$/gm)];
    return new Map(pairs.map(([, name, value]) => [name!, value!]));
  }
}

/**
 * Checks that metadata and records belong together. To new metadata, or that of another cluster,
 * all partitions on disk would be stray: a person must decide what to do.
 * @throws MetadataLostError
 */
export function checkMetadata(
  clusterId: string | undefined,
  identity: DataIdentity,
  logs: LogManager,
): void {
  if (clusterId !== undefined) {
    if (identity.clusterId === undefined || identity.clusterId === clusterId) return;
    throw new MetadataLostError(
      `the metadata is that of cluster ${clusterId}, the records are those of cluster ${identity.clusterId}`,
    );
  }
  const folders = logs.unopenedPartitions;
  if (folders.length === 0) return;
  const topics = new Set(folders.map(({ topic }) => topic)).size;
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  throw new MetadataLostError(
    `the metadata knows nothing, but there are records of ${count(topics, 'topic')} in ${count(folders.length, 'partition')}`,
  );
}
