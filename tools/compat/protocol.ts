/** Where a record went; the offset is null where the client does not tell. */
type Placed = readonly [partition: number, offset: number | null];

/**
 * How the suite talks to a client: one process per client (the driver), one line of JSON per
 * request on its standard input, one line per answer on its standard output, one after the other:
 *
 *     {"id":1,"do":"partitions","topic":"t"}      {"id":1,"ok":{"count":3}}
 *                                                 {"id":1,"error":"UnknownTopicOrPartition: …"}
 *                                                 {"id":1,"missing":"no such call in this client"}
 *
 * The checks are written once, in TypeScript; a driver only says things in its client's words.
 * Keys, values and header values are base64 or null.
 */
export interface Requests {
  hello: { in: object; out: { version: string } };
  cluster: { in: object; out: { brokers: number } };
  createTopic: {
    in: { topic: string; partitions: number; replicas?: number; configs?: Record<string, string> };
    out: object;
  };
  topics: { in: object; out: { names: string[] } };
  partitions: { in: { topic: string }; out: { count: number } };
  addPartitions: { in: { topic: string; count: number }; out: object };
  deleteTopic: { in: { topic: string }; out: object };
  topicConfigs: { in: { topic: string }; out: { configs: Record<string, string | null> } };
  setTopicConfigs: { in: { topic: string; configs: Record<string, string> }; out: object };
  produce: { in: ProduceRequest; out: { placed: Placed[] } };
  read: { in: ReadRequest; out: { records: ReadRecord[] } };
  /** `at` is `earliest`, `latest`, `max-timestamp` or a timestamp in ms; -1 when there is none. */
  offsetsFor: { in: Place & { at: string | number }; out: { offset: number } };
  join: { in: JoinRequest; out: object };
  /** What came since the last poll, for at most `ms`; empty when nothing came. */
  poll: { in: { ms: number }; out: Polled };
  commit: { in: Place & { offset: number; metadata?: string }; out: object };
  committed: { in: Place; out: { offset: number; metadata: string } };
  seek: { in: Place & { offset: number }; out: object };
  pause: { in: Place; out: object };
  resume: { in: Place; out: object };
  leave: { in: object; out: object };
  groups: { in: object; out: { names: string[] } };
  group: { in: { group: string }; out: { state: string; members: number } };
  deleteGroup: { in: { group: string }; out: object };
  groupOffsets: {
    in: { group: string; topic: string; partition: number };
    out: { offsets: (Place & { offset: number; metadata: string })[] };
  };
  setGroupOffset: {
    in: Place & { group: string; offset: number; metadata?: string };
    out: object;
  };
  deleteGroupOffset: { in: Place & { group: string }; out: object };
  deleteRecords: { in: Place & { before: number }; out: { low: number } };
  /** Bytes of all partitions of a topic; -1 when it is not listed. */
  logDirs: { in: { topic: string }; out: { bytes: number } };
}

export interface Place {
  topic: string;
  partition: number;
}

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface SentRecord {
  key: string | null;
  value: string | null;
  headers?: [string, string | null][];
  /** ms; the client's present time when it is left out. */
  timestamp?: number;
}

export interface ProduceRequest {
  topic: string;
  /** -1: the client's own partitioner decides. */
  partition: number;
  records: SentRecord[];
  codec?: Codec;
  acks?: '0' | '1' | 'all';
  idempotent?: boolean;
  /** Pause after each record, ms: to be in the middle of it when something happens. */
  everyMs?: number;
}

export interface ReadRequest extends Place {
  from: 'earliest' | 'latest' | number;
  count: number;
  timeoutMs?: number;
}

export interface ReadRecord extends Place {
  offset: number;
  timestamp: number;
  key: string | null;
  value: string | null;
  headers: [string, string | null][];
}

export interface JoinRequest {
  group: string;
  topics: string[];
  instanceId?: string;
  strategy?: 'range' | 'cooperative';
  sessionTimeoutMs?: number;
}

export interface Polled {
  records: ReadRecord[];
  assigned: [topic: string, partition: number][];
  /** How often the member was told of an assignment since it joined. */
  rebalances: number;
}
