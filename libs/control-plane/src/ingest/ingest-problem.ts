/** Every reason for which ingest refuses a request, or a record of one. The codes are stable. */
export type IngestProblemCode =
  | 'malformed-json'
  | 'no-records'
  | 'invalid-record'
  | 'invalid-cloudevent'
  | 'invalid-batch'
  | 'invalid-parameter'
  | 'unsupported-header'
  | 'digest-mismatch'
  | 'invalid-topic'
  | 'unknown-cluster'
  | 'unknown-topic'
  | 'unknown-partition'
  | 'record-too-large'
  | 'too-many-records'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'unsupported-encoding'
  | 'invalid-encoding'
  | 'not-authorized'
  | 'record-refused'
  | 'overloaded'
  | 'quota-exceeded'
  | 'not-enough-replicas'
  | 'storage-failed'
  | 'no-answer'
  | 'broker-refused'
  | 'broker-unavailable'
  | 'stopping'
  | 'not-implemented';

/** Why one record of a request is refused. */
export interface RecordProblem {
  /** Place of the record in the request, from 0. */
  readonly index: number;
  readonly code: IngestProblemCode;
  readonly message: string;
}

/** Why a request is refused; nothing of it was kept, unless `mayBeAppended` says otherwise. */
export interface IngestProblem {
  readonly code: IngestProblemCode;
  /** For people: what is wrong, and where known what to do. */
  readonly message: string;
  /** Line of the body, from 1, and column in characters, from 1, of malformed JSON. */
  readonly line?: number;
  readonly column?: number;
  /** The limit that was passed, in bytes or records. */
  readonly limit?: number;
  /** What would have been accepted. */
  readonly allowed?: readonly string[];
  /** The records to blame, when it was not the request as a whole; at most a hundred. */
  readonly records?: readonly RecordProblem[];
  /** Kafka's name of the error that the broker answered with. */
  readonly kafkaError?: string;
  /** Whether the same request may succeed later. */
  readonly retriable?: boolean;
  /** Whether records may be in the log although they are not acknowledged. */
  readonly mayBeAppended?: boolean;
}

/** How parsers leave when they meet a problem; the service turns it into a value again. */
export class IngestRefusal extends Error {
  override readonly name = 'IngestRefusal';
  readonly problem: IngestProblem;

  constructor(problem: IngestProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const RECORD_PROBLEMS_MAX = 100;

/** Refuses a request because of some of its records. */
export function refuseRecords(problems: readonly RecordProblem[]): never {
  const first = problems[0];
  if (first === undefined) throw new Error('there is no problem to refuse for');
  const others = problems.length - 1;
  const more = others === 0 ? '' : ` (and ${others} more refused)`;
  throw new IngestRefusal({
    code: first.code,
    message: `record ${first.index}: ${first.message}${more}; nothing of this request was kept`,
    records: problems.slice(0, RECORD_PROBLEMS_MAX),
  });
}
