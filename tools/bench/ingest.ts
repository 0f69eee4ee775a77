import { startPenstock } from '@penstock/testing';
import { httpLoad, type Length, type Measurement } from './measurement.ts';

const CONNECTIONS = 16;
const FLOOR = 50_000;

/** Records that come in over HTTP, each answered once it is on the disk. */
export async function measureIngest({ seconds }: Length): Promise<Measurement[]> {
  await using penstock = await startPenstock({ processes: ['broker', 'api'] });
  const measured: Measurement[] = [];
  const value = JSON.stringify({
    id: 'x'.repeat(36),
    at: 1_700_000_000_000,
    value: 12.5,
    ok: true,
  });
  for (const perRequest of [1, 100]) {
    const { requestsPerSecond, clientShare } = await httpLoad({
      port: penstock.httpPort,
      path: `/ingest/bench-${perRequest}`,
      contentType: perRequest === 1 ? 'application/json' : 'application/x-ndjson',
      body: Array.from({ length: perRequest }, () => value).join('\n'),
      connections: CONNECTIONS,
      seconds,
    });
    const rate = Math.round(requestsPerSecond * perRequest);
    measured.push({
      name: `REST ingest, ${perRequest} per request`,
      value: `${rate.toLocaleString('en')} records/s`,
      ...(perRequest === 100
        ? { floor: `${FLOOR.toLocaleString('en')} records/s`, met: rate >= FLOOR }
        : {}),
      how: `${value.length} B values, ${CONNECTIONS} connections, fsync, client ${clientShare} % of a core`,
    });
  }
  return measured;
}
