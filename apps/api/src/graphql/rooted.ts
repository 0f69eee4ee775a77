/**
 * A source stream as GraphQL's subscriptions want it: each value under the name of its field.
 * Returning it ends the source, and so does an error of the consumer.
 */
export function rooted<Name extends string, Value>(
  name: Name,
  source: AsyncIterator<Value>,
): AsyncIterableIterator<Record<Name, Value>> {
  const iterator: AsyncIterableIterator<Record<Name, Value>> = {
    next: async () => {
      const result = await source.next();
      return result.done === true
        ? { done: true, value: undefined }
        : { done: false, value: { [name]: result.value } as Record<Name, Value> };
    },
    return: async () => {
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
