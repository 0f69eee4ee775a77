import { api, array, bool, int16, int32, int8, string } from './schema.ts';

/** No authorized operations were asked for. */
const INT32_MIN = -0x80000000;

/**
 * The brokers of the cluster (KIP-700). Flexible from the start.
 *
 * Versions: 1 brokers or controllers (KIP-919) · 2 fenced brokers too (KIP-1073).
 */
export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: '0-2',
  flexible: '0+',
  request: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ versions: '1+', default: 1 }),
    includeFencedBrokers: bool({ versions: '2+' }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    endpointType: int8({ versions: '1+', default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
      isFenced: bool({ versions: '2+' }),
    }),
    clusterAuthorizedOperations: int32({ default: INT32_MIN }),
  },
});
