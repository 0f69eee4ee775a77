import type {
  CutOff,
  MarkedWork,
  StateChoice,
  StreamProcessorState,
  StreamProcessorStatus,
} from '@penstock/pipelines';
import type { Config } from '@penstock/platform';

/** What a thread for stream processors is given at its start. */
export interface ThreadOptions {
  /** The module with the list of pipelines: a name or a URL. */
  readonly pipelines: string;
  readonly mark: SharedArrayBuffer;
  readonly memoryMb: number;
  readonly config: {
    readonly dataDir: string;
    readonly logLevel: Config['logLevel'];
    readonly secrets: readonly string[];
    readonly kafka: { readonly bootstrapServers: readonly string[] };
  };
}

/** What is wanted of all pipelines. */
export interface Wanted {
  readonly paused: ReadonlySet<string>;
  /** What is decided about their states. */
  readonly choices: ReadonlyMap<string, StateChoice>;
}

/** A pipeline that the thread is to run from now on. */
export interface RunOrder {
  readonly pipeline: string;
  readonly cutOffs: readonly CutOff[];
  /** See `StreamProcessorOptions`. */
  readonly oneAtATime: boolean;
  /** Whether it is to be known which call began what fails later, which makes calls slower. */
  readonly isFollowed: boolean;
  /** See `StreamProcessorOptions.replaces`. */
  readonly replaces: readonly string[];
}

export type ThreadRequest =
  | { readonly kind: 'run'; readonly orders: readonly RunOrder[]; readonly wanted: Wanted }
  | ({ readonly kind: 'follow' } & Wanted)
  /** All stop; those named in `stay` do not leave their groups. */
  | { readonly kind: 'stop'; readonly stay: readonly string[] };

export interface LoadedPipeline {
  readonly name: string;
  readonly hash: string;
}

export type ThreadMessage =
  | { readonly kind: 'loaded'; readonly pipelines: readonly LoadedPipeline[] }
  /** The module cannot be loaded, or a definition in it is refused. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The next name of the marks. */
  | { readonly kind: 'name'; readonly name: string }
  | {
      readonly kind: 'state';
      readonly pipeline: string;
      readonly state: StreamProcessorState;
      readonly reason: string | null;
    }
  | { readonly kind: 'status'; readonly statuses: Readonly<Record<string, StreamProcessorStatus>> }
  | {
      readonly kind: 'dead-letters';
      readonly pipeline: string;
      readonly reasons: readonly string[];
    }
  | { readonly kind: 'member'; readonly pipeline: string; readonly memberId: string }
  /** Something failed that nobody waited for; the pipeline is null when it cannot be told. */
  | {
      readonly kind: 'uncaught';
      readonly pipeline: string | null;
      /** The call that began what failed, of a pipeline that `isFollowed`. */
      readonly work: MarkedWork | null;
      readonly reason: string;
    }
  /** Memory outside of JavaScript's heap, which the heap's own limit does not see. */
  | { readonly kind: 'memory' }
  | { readonly kind: 'stopped'; readonly pipeline: string };
