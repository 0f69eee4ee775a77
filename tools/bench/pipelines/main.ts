import type { Length, Measurement } from '../measurement.ts';
import { measureBatch } from './batch-rows.ts';
import { measureLatency } from './latency-rows.ts';
import { measurePeers } from './peer-rows.ts';
import { measureSample } from './sample-rows.ts';
import { measureState } from './state-rows.ts';

/** A sample as it runs in a worker, then the same topologies beside other engines. */
export async function measurePipelines(length: Length): Promise<Measurement[]> {
  return [
    ...(await measureSample(length)),
    ...(await measureLatency(length)),
    ...(await measureBatch(length)),
    ...(await measureState(length)),
    ...(await measurePeers(length)),
  ];
}
