import {
  parseRestProxyV3,
  type IngestProblem,
  type RestProxyV3Record,
  type Slice,
} from '@penstock/control-plane';
import type { IngestHttp } from './ingest-http.ts';
import { restProxyError } from './rest-proxy-v2.routes.ts';

type OneReport =
  | { readonly ok: true; readonly success: Record<string, unknown> }
  | { readonly ok: false; readonly failure: { error_code: number; message: string } };

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
  if (report === undefined || !report.ok) {
    const code = report?.code ?? 'broker-refused';
    return { ok: false, failure: failureOf({ code, message: report?.message ?? '' }) };
  }
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

export function failureOf(problem: IngestProblem): { error_code: number; message: string } {
  if (problem.code === 'unknown-topic' || problem.code === 'unknown-partition') {
    return { error_code: 40403, message: 'This server does not host this topic-partition.' };
  }
  const errorCode = problem.code === 'invalid-record' ? 422 : restProxyError(problem).errorCode;
  return { error_code: errorCode, message: problem.message };
}
