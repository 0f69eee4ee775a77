import type { StateBacking } from './state-backing.ts';
import type { UndoLog } from './undo-log.ts';

/** Values that were not changed since the last commit are kept up to this number of keys. */
const CLEAN_KEYS_MAX = 50_000;

interface Cell {
  /** The value as it is used; undefined when the key has none. */
  value: unknown;
  /** The JSON of the value at its last `set`; undefined when the key has none. */
  json: string | undefined;
  /** Whether the commit has to write it. */
  dirty: boolean;
  /** The unit of work that changed it last. */
  unit: number;
}

/**
 * Keys with a JSON value each. A value is turned into JSON whenever it is set: what is undone, or
 * written at the commit, is then what it was at that moment, even when somebody changed the object
 * in place and failed half way.
 */
export class KeyedSpace {
  readonly #name: string;
  readonly #backing: StateBacking;
  readonly #undo: UndoLog;
  readonly #cells = new Map<string, Cell>();
  readonly #dirty = new Set<string>();
  /** Whether the backing may hold keys that are not in memory. */
  #readsBacking: boolean;

  constructor(name: string, backing: StateBacking, undo: UndoLog) {
    this.#name = name;
    this.#backing = backing;
    this.#undo = undo;
    this.#readsBacking = !backing.isEmpty(name);
  }

  /** The value of a key; undefined when it has none. Changes to it count from the next `set`. */
  get(key: string): unknown {
    return this.#cell(key).value;
  }

  /**
   * Sets the value of a key; undefined removes it.
   *
   * @throws TypeError when the value cannot be kept as JSON
   */
  set(key: string, value: unknown): void {
    const cell = this.#cell(key);
    const json = value === undefined ? undefined : toJson(value);
    this.#remember(key, cell);
    cell.value = value;
    cell.json = json;
    if (!cell.dirty) {
      cell.dirty = true;
      this.#dirty.add(key);
    }
  }

  /** All keys that have a value, with it. For inspection: reads what is kept as a whole. */
  *entries(): Generator<readonly [key: string, value: unknown]> {
    for (const [key, json] of this.#backing.entries(this.#name)) {
      if (!this.#cells.has(key)) yield [key, JSON.parse(json)];
    }
    for (const [key, cell] of this.#cells) {
      if (cell.json !== undefined) yield [key, cell.value];
    }
  }

  changes(): ReadonlyMap<string, string | null> {
    return new Map([...this.#dirty].map((key) => [key, this.#cells.get(key)?.json ?? null]));
  }

  /** The changes are written. */
  settle(): void {
    for (const key of this.#dirty) {
      const cell = this.#cells.get(key);
      if (cell?.json === undefined) this.#cells.delete(key);
      else cell.dirty = false;
    }
    this.#dirty.clear();
    if (this.#cells.size <= CLEAN_KEYS_MAX) return;
    // A map keeps the order in which keys came: the oldest go first.
    for (const [key, { json }] of this.#cells) {
      if (this.#cells.size <= CLEAN_KEYS_MAX) break;
      this.#cells.delete(key);
      if (json !== undefined) this.#readsBacking = true;
    }
  }

  #cell(key: string): Cell {
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      const json = this.#readsBacking
        ? (this.#backing.read(this.#name, key) ?? undefined)
        : undefined;
      const value: unknown = json === undefined ? undefined : JSON.parse(json);
      cell = { value, json, dirty: false, unit: 0 };
      this.#cells.set(key, cell);
    }
    if (this.#undo.isOpen && cell.unit !== this.#undo.unit && cell.json !== undefined) {
      // The object may be changed in place before anything is set.
      this.#remember(key, cell);
    }
    return cell;
  }

  #remember(key: string, cell: Cell): void {
    if (!this.#undo.isOpen || cell.unit === this.#undo.unit) return;
    const { json, dirty, unit } = cell;
    cell.unit = this.#undo.unit;
    this.#undo.add(() => {
      cell.value = json === undefined ? undefined : JSON.parse(json);
      cell.json = json;
      cell.dirty = dirty;
      cell.unit = unit;
      if (!dirty) this.#dirty.delete(key);
    });
  }
}

function toJson(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) {
    throw new TypeError(`a value of type ${typeof value} cannot be kept as state`);
  }
  return json;
}
