import { type InvalidInput, invalidInput } from '../cluster/problem.ts';
import { checkTopicName } from '../topics/index.ts';

export const RECORDS_PER_PAGE_MAX = 500;
const CONTAINS_LENGTH_MAX = 1_000;
const HEADERS_MAX = 100;
/** Kafka's default for the largest batch, less what a batch needs besides. */
const RECORD_BYTES_MAX = 1_000_000;

export interface RecordsQuery {
  readonly topic: string;
  readonly partition?: number | null;
  readonly offset?: number | null;
  /** ms since epoch */
  readonly timestamp?: number | null;
  readonly from?: 'OLDEST' | 'NEWEST' | null;
  readonly limit?: number | null;
  readonly contains?: string | null;
}

export interface ProduceRequest {
  readonly topic: string;
  readonly partition?: number | null;
  readonly key?: string | null;
  readonly value?: string | null;
  readonly headers?: readonly { readonly key: string; readonly value: string }[] | null;
  /** ms since epoch */
  readonly timestamp?: number | null;
}

export function checkRecordsQuery(query: RecordsQuery): InvalidInput | null {
  const { partition, offset, timestamp, limit, contains } = query;
  if (limit != null && (limit < 1 || limit > RECORDS_PER_PAGE_MAX)) {
    return invalidInput('limit', `A page has 1 to ${RECORDS_PER_PAGE_MAX} records.`);
  }
  if (offset != null && partition == null) {
    return invalidInput('offset', 'An offset counts within a partition: give the partition too.');
  }
  if (offset != null && timestamp != null) {
    return invalidInput('timestamp', 'Give either an offset or a time to start from, not both.');
  }
  if (offset != null && offset < 0) {
    return invalidInput('offset', 'Offsets begin at 0.');
  }
  if (timestamp != null && timestamp < 0) {
    return invalidInput('timestamp', 'Times are milliseconds since 1970, 0 or more.');
  }
  if (contains != null && contains.length > CONTAINS_LENGTH_MAX) {
    return invalidInput('contains', `A text of at most ${CONTAINS_LENGTH_MAX} characters.`);
  }
  return null;
}

export function checkPartition(partition: number, partitionCount: number): InvalidInput | null {
  if (partition >= 0 && partition < partitionCount) {
    return null;
  }
  const allowed =
    partitionCount === 1 ? 'only partition 0' : `partitions 0 to ${partitionCount - 1}`;
  return invalidInput('partition', `The topic has ${allowed}.`);
}

export function checkProduce(request: ProduceRequest): InvalidInput | null {
  const nameProblem = checkTopicName(request.topic);
  if (nameProblem !== null) {
    return invalidInput('topic', nameProblem);
  }
  const headers = request.headers ?? [];
  if (headers.length > HEADERS_MAX) {
    return invalidInput('headers', `A record sent from here has at most ${HEADERS_MAX} headers.`);
  }
  if (request.timestamp != null && request.timestamp < 0) {
    return invalidInput('timestamp', 'Times are milliseconds since 1970, 0 or more.');
  }
  const texts = [request.key, request.value, ...headers.flatMap(({ key, value }) => [key, value])];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
  if (bytes > RECORD_BYTES_MAX) {
    return invalidInput(
      'value',
      `Key, value and headers have at most ${RECORD_BYTES_MAX} bytes together; these have ${bytes}.`,
    );
  }
  return null;
}
