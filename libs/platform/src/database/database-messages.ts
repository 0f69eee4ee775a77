import { DriverAdapterError, type SqlQuery } from '@prisma/driver-adapter-utils';
import { DatabaseProblem, type DatabaseProblemCode } from './database-problem.ts';
import type { StandingProblem } from './database-access.ts';
import type { SqliteOptions } from './sqlite-adapter.ts';

/** What the thread that keeps a database is started with. */
export type ThreadOptions = Pick<SqliteOptions, 'file' | 'synchronous'>;

/**
 * A request to the thread. `transaction` is a number that `begin` returned; none means outside any.
 */
export type DatabaseCall =
  | { readonly kind: 'open' | 'begin' | 'hurry' | 'close' }
  | { readonly kind: 'query' | 'execute'; readonly query: SqlQuery; readonly transaction?: number }
  | { readonly kind: 'script'; readonly script: string }
  | { readonly kind: 'commit' | 'rollback'; readonly transaction: number }
  | {
      readonly kind: 'createSavepoint' | 'rollbackToSavepoint' | 'releaseSavepoint';
      readonly transaction: number;
      readonly name: string;
    };

export interface DatabaseRequest {
  readonly id: number;
  readonly call: DatabaseCall;
}

export type DatabaseMessage =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorFields }
  | { readonly kind: 'problem'; readonly problem: StandingProblem | null }
  | { readonly kind: 'commit' };

/** The fields of an error that are sent between threads, where its class gets lost. */
interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  /** Of an error of the driver: what Prisma makes its own error from. */
  readonly driverError: unknown;
}

export function toFields(thrown: unknown): ErrorFields {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  const driverError = error instanceof DriverAdapterError ? error.cause : undefined;
  return { name, message, stack, code: (error as { code?: unknown }).code, driverError };
}

export function fromFields(fields: ErrorFields): Error {
  const { name, message, code, driverError } = fields;
  if (driverError !== undefined) {
    return new DriverAdapterError(
      driverError as ConstructorParameters<typeof DriverAdapterError>[0],
    );
  }
  if (name === 'DatabaseProblem') return new DatabaseProblem(code as DatabaseProblemCode, message);
  return Object.assign(new Error(message), { name, code, stack: fields.stack });
}
