import { LatestWins } from '@penstock/control-plane';
import {
  type ExecutionArgs,
  type ExecutionResult,
  Kind,
  type OperationDefinitionNode,
  print,
  subscribe,
} from 'graphql';

/** Fields whose stream is the same for everyone who selects the same. */
const SHARED_FIELDS = new Set(['live']);

interface SharedExecution {
  readonly results: LatestWins<ExecutionResult>;
}

/**
 * Runs a `live` subscription once for all subscribers that ask for the same, so that its selection,
 * like the frame, is computed once. Each subscriber holds one slot; a slow one gets the newest
 * frame when it can take it. A new one starts with the current frame.
 *
 * "The same" is the document with its variables. If rights ever make two readers see different
 * frames, they have to become a part of the key.
 */
export class SharedSubscriptions {
  readonly #executions = new Map<string, Promise<SharedExecution | ExecutionResult>>();

  /** A `subscribe` for graphql-ws. */
  async subscribe(
    args: ExecutionArgs,
  ): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
    if (!isShared(args)) {
      return (await subscribe(args)) as AsyncIterableIterator<ExecutionResult> | ExecutionResult;
    }
    const key = `${args.operationName ?? ''}\n${JSON.stringify(args.variableValues ?? {})}\n${print(args.document)}`;
    let starting = this.#executions.get(key);
    if (starting === undefined) {
      starting = this.#start(key, args);
      this.#executions.set(key, starting);
    }
    const execution = await starting;
    return 'results' in execution ? execution.results.read() : execution;
  }

  get size(): number {
    return this.#executions.size;
  }

  async #start(key: string, args: ExecutionArgs): Promise<SharedExecution | ExecutionResult> {
    try {
      const source = await subscribe(args);
      if (!(Symbol.asyncIterator in source)) {
        this.#executions.delete(key);
        return source;
      }
      const results = new LatestWins<ExecutionResult>({
        onUnread: () => {
          this.#executions.delete(key);
          void source.return(undefined);
          results.close();
        },
      });
      void this.#pump(key, source, results);
      return { results };
    } catch (error) {
      this.#executions.delete(key);
      throw error;
    }
  }

  async #pump(
    key: string,
    source: AsyncGenerator<ExecutionResult, void, void>,
    results: LatestWins<ExecutionResult>,
  ): Promise<void> {
    for await (const result of source) {
      results.publish(result);
    }
    this.#executions.delete(key);
    results.close();
  }
}

function isShared(args: ExecutionArgs): boolean {
  const operations = args.document.definitions.filter(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      (args.operationName == null || definition.name?.value === args.operationName),
  );
  const [operation] = operations;
  const [selection, ...others] = operation?.selectionSet.selections ?? [];
  return (
    operations.length === 1 &&
    others.length === 0 &&
    selection?.kind === Kind.FIELD &&
    SHARED_FIELDS.has(selection.name.value)
  );
}
