import type { MetadataDatabase } from './metadata-database.ts';

/** What the broker may ask of the thread that keeps its database. */
export type MetadataCall = keyof MetadataDatabase;

export interface MetadataRequest {
  readonly id: number;
  readonly call: MetadataCall;
  readonly arguments: readonly unknown[];
}

export type MetadataAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorFields };

/** The fields of an error that are sent between threads; its class is lost on the way. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly path: string | undefined;
}

export function toFields(thrown: unknown): ErrorFields {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  const { code, path } = error as NodeJS.ErrnoException;
  return { name, message, stack, code, path };
}

/** An error with the name, the code and the stack that it had in the other thread. */
export function fromFields(fields: ErrorFields): Error {
  return Object.assign(new Error(fields.message), fields);
}
