import { parentPort, workerData } from 'node:worker_threads';
import type { Transaction } from '@prisma/driver-adapter-utils';
import Database from 'better-sqlite3';
import {
  toFields,
  type DatabaseCall,
  type DatabaseMessage,
  type DatabaseRequest,
  type ThreadOptions,
} from './database-messages.ts';
import { createSqliteAdapter, type SqliteAdapter } from './sqlite-adapter.ts';

/**
 * Entry of the thread that keeps control.db. SQLite waits for the disk; here it can, while the
 * event loop that serves sockets and holds group memberships goes on. The thread also looks at
 * `PRAGMA data_version`, which counts the commits of all other connections to the file.
 */

/** Commits within one interval are one change. A look costs some microseconds. */
const LOOK_EVERY_MS = 200;

if (!parentPort) throw new Error('this file is the entry of a thread');
const port = parentPort;
const options = workerData as ThreadOptions;
const transactions = new Map<number, Transaction>();
let lastTransaction = 0;
let adapter: SqliteAdapter | undefined;
let stopWatching = (): void => {};

port.on('message', (request: DatabaseRequest) => void answer(request));

function say(message: DatabaseMessage): void {
  port.postMessage(message);
}

async function answer({ id, call }: DatabaseRequest): Promise<void> {
  try {
    say({ kind: 'result', id, result: await carryOut(call) });
  } catch (error) {
    say({ kind: 'error', id, error: toFields(error) });
  } finally {
    // The last handle of this thread.
    if (call.kind === 'close') port.close();
  }
}

async function carryOut(call: DatabaseCall): Promise<unknown> {
  switch (call.kind) {
    case 'open':
      return open();
    case 'close':
      return close();
    case 'query':
      return (of(call.transaction) ?? opened()).queryRaw(call.query);
    case 'execute':
      return (of(call.transaction) ?? opened()).executeRaw(call.query);
    case 'script':
      return opened().executeScript(call.script);
    case 'hurry':
      return adapter?.hurry();
    case 'begin':
      return begin();
    case 'commit':
    case 'rollback':
      return end(call.transaction, call.kind);
    case 'createSavepoint':
    case 'rollbackToSavepoint':
    case 'releaseSavepoint':
      return of(call.transaction)?.[call.kind]?.(call.name);
  }
}

function opened(): SqliteAdapter {
  if (adapter === undefined) throw new Error(`${options.file} is not open`);
  return adapter;
}

async function open(): Promise<void> {
  const factory = createSqliteAdapter({
    ...options,
    onProblem: (problem) => say({ kind: 'problem', problem }),
  });
  adapter = await factory.connect();
  stopWatching = watchCommits(options.file);
}

async function close(): Promise<void> {
  stopWatching();
  await adapter?.dispose();
}

async function begin(): Promise<number> {
  const transaction = await opened().startTransaction();
  lastTransaction += 1;
  transactions.set(lastTransaction, transaction);
  return lastTransaction;
}

/** Prisma has run the statement COMMIT or ROLLBACK before this. */
async function end(id: number, how: 'commit' | 'rollback'): Promise<void> {
  const transaction = of(id);
  transactions.delete(id);
  await transaction?.[how]();
}

function of(id: number | undefined): Transaction | undefined {
  if (id === undefined) return undefined;
  const transaction = transactions.get(id);
  if (transaction === undefined) throw new Error(`there is no transaction ${id}`);
  return transaction;
}

/** Reports the commits of all connections, including this thread's own. Returns what stops it. */
function watchCommits(file: string): () => void {
  const connection = new Database(file, { readonly: true, timeout: 0 });
  let statement: Database.Statement | undefined;
  let version: unknown;
  const look = (): void => {
    try {
      statement ??= connection.prepare('PRAGMA data_version').pluck();
      const found = statement.get();
      if (version !== undefined && found !== version) say({ kind: 'commit' });
      version = found;
    } catch {
      // The database is locked against reading: the next look sees what was committed.
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    connection.close();
  };
}
