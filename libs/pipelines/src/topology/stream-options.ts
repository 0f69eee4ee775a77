import type { Duration } from '../time/duration.ts';
import type { ValueFormat } from './nodes.ts';
import type { Schema } from './schema.ts';
import type { ProcessContext, Table } from './source-record.ts';

export interface SourceOptions<Value> {
  /** What turns a decoded value into a typed one, or refuses it. */
  readonly schema: Schema<Value>;
  /** How the record's bytes are read before the schema sees them; `json` when absent. */
  readonly format?: ValueFormat;
  /** When the event happened, ms since epoch; the record's own time when absent. */
  readonly eventTime?: (value: Value) => number;
  /** How far the records of one partition may be out of order in event time; 0 when absent. */
  readonly lateness?: Duration;
  /** A partition without records for this long no longer holds up the others; 30 s when absent. */
  readonly idleAfter?: Duration;
  /** Whether time goes on by the clock when all partitions are idle; `advance` when absent. */
  readonly idle?: 'advance' | 'wait';
  /** Event times further ahead of the clock than this move no watermark; 1 h when absent. */
  readonly futureMax?: Duration;
}

export interface WindowOptions {
  /** How long after its end a window stays open; 0 when absent. */
  readonly grace?: Duration;
  /** What becomes of a record whose windows are all closed; `drop` when absent. */
  readonly late?: 'drop' | 'update' | 'deadLetter';
  /** One row per window when it closes, or one at each commit that changed it. */
  readonly emit?: 'final' | 'changes';
  /** With `late: 'update'`: how long a closed window can be corrected, in event time; `7d`. */
  readonly keep?: Duration;
}

export interface ProcessOptions<Value, State, Output, Timer> {
  /** The state of a key that has none yet. It, and all that comes of it, must survive JSON. */
  readonly state: (key: string) => State;
  /** Is called for each record of a key, in the order of event time. */
  readonly onRecord: (value: Value, context: ProcessContext<State, Output>) => void | Promise<void>;
  /** Is called for each timer that `context.schedule` set, in the order of event time. */
  readonly onTimer?: (value: Timer, context: ProcessContext<State, Output>) => void | Promise<void>;
  /** What becomes of a record that is later than its source's `lateness`; `drop` when absent. */
  readonly late?: 'drop' | 'deadLetter' | 'apply';
  /** Tables whose rows the handlers ask for. */
  readonly tables?: ReadonlyArray<Table<unknown>>;
}

export interface JoinOptions {
  /** How far apart in event time two records may be. */
  readonly within: Duration;
  /** `left` sends on the values that found no partner, too; `inner` when absent. */
  readonly kind?: 'inner' | 'left';
  /** What becomes of a record that is later than its source's `lateness`; `drop` when absent. */
  readonly late?: 'drop' | 'deadLetter';
}
