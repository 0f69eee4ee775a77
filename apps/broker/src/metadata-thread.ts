import { parentPort, workerData } from 'node:worker_threads';
import { MetadataDatabase, type MetadataDatabaseOptions } from './metadata-database.ts';
import { toFields, type MetadataAnswer, type MetadataRequest } from './metadata-messages.ts';

/**
 * Entry of the thread that keeps broker.db. SQLite waits for the disk; here it can, while the
 * broker's event loop goes on. Requests are carried out one after the other, in their order.
 */
if (!parentPort) throw new Error('this file is the entry of a thread');
const port = parentPort;
const opening = MetadataDatabase.open(workerData as MetadataDatabaseOptions);
let last: Promise<void> = opening.then(
  () => {},
  () => {},
);

port.on('message', (request: MetadataRequest) => {
  last = last.then(async () => port.postMessage(await answer(request)));
});

async function answer({ id, call, arguments: values }: MetadataRequest): Promise<MetadataAnswer> {
  try {
    const database = await opening;
    const method = database[call] as (...values: unknown[]) => unknown;
    const result = await method.apply(database, [...values]);
    return { id, result };
  } catch (error) {
    return { id, error: toFields(error) };
  } finally {
    // The last handle of this thread.
    if (call === 'close') port.unref();
  }
}
