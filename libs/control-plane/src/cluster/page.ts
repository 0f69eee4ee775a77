/** Lists are bounded: a request for more gets this many, and a cursor. */
export const PAGE_SIZE_MAX = 500;

export interface Page<Node> {
  readonly nodes: Node[];
  readonly totalCount: number;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

/**
 * One page of items that ascend by name. The cursor is the last name, so a page continues at the
 * right place even when items were added or removed in between.
 */
export function pageByName<Node>(
  items: readonly Node[],
  nameOf: (item: Node) => string,
  options: { first?: number | null; after?: string | null },
): Page<Node> {
  const first = Math.min(Math.max(options.first ?? 100, 0), PAGE_SIZE_MAX);
  const after = options.after ?? null;
  const rest = after === null ? items : items.filter((item) => nameOf(item) > after);
  const nodes = rest.slice(0, first);
  const last = nodes.at(-1);
  return {
    nodes,
    totalCount: items.length,
    endCursor: last === undefined ? null : nameOf(last),
    hasNextPage: rest.length > nodes.length,
  };
}

/** Ascending by code unit, the order that {@link pageByName} relies on. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
