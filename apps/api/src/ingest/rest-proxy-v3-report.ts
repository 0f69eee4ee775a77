import {
  parseRestProxyV3,
  type IngestProblem,
  type RestProxyV3Record,
  type Slice,
} from '@penstock/control-plane';
import type { IngestHttp } from './ingest-http.ts';
import { restProxyError } from './rest-proxy-error.ts';

type OneReport =
  | { readonly ok: true; readonly success: Record<string, unknown> }
  | { readonly ok: false; readonly failure: V3Failure };

/** What REST Proxy says of a record that failed, and whether it may be in the log all the same. */
export interface V3Failure {
  readonly error_code: number;
  readonly message: string;
  readonly mayBeAppended: boolean;
}

/** Appends the record at `slice` of `body`, and reports as REST Proxy v3 does. */
export async function produceOne(
  http: IngestHttp,
  params: { readonly cluster: string; readonly topic: string },
  body: Buffer,
  slice: Slice,
): Promise<OneReport> {
  const timestamp = Date.now();
  let parsed: RestProxyV3Record | undefined;
  const outcome = await http.ingest.append(params.topic, 'all', () => {
    parsed = parseRestProxyV3(body, slice);
    const { record } = parsed;
    return [{ ...record, timestamp: record.timestamp ?? timestamp }];
  });
  if (!outcome.ok) return { ok: false, failure: failureOf(outcome.problem) };
  const report = outcome.report.records[0];
  if (report === undefined) throw new Error('ingest reported nothing of a record');
  if (!report.ok) return { ok: false, failure: failureOf(report) };
  const { record, keyType, valueType } = parsed as RestProxyV3Record;
  return {
    ok: true,
    success: {
      error_code: 200,
      cluster_id: params.cluster,
      topic_name: params.topic,
      partition_id: report.partition,
      offset: report.offset,
      timestamp: new Date(record.timestamp ?? timestamp).toISOString(),
      ...(keyType && { key: { type: keyType, size: record.key?.length ?? 0 } }),
      ...(valueType && { value: { type: valueType, size: record.value?.length ?? 0 } }),
    },
  };
}

export function failureOf(problem: IngestProblem): V3Failure {
  const { code, message, mayBeAppended = false } = problem;
  if (code === 'unknown-topic' || code === 'unknown-partition') {
    const words = 'This server does not host this topic-partition.';
    return { error_code: 40403, message: words, mayBeAppended };
  }
  const errorCode = code === 'invalid-record' ? 422 : restProxyError(problem).errorCode;
  return { error_code: errorCode, message, mayBeAppended };
}
