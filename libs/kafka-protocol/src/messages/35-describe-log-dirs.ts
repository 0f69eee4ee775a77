import { api, array, arrayOf, bool, int16, int32, int64, string } from './schema.ts';

/**
 * Sizes of partitions on disk.
 *
 * Versions: 2 flexible · 3 top-level error · 4 total and usable bytes (KIP-827).
 */
export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: '1-4',
  flexible: '2+',
  request: {
    topics: array(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: '0+' },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '3+' }),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64({ versions: '4+', default: -1 }),
      usableBytes: int64({ versions: '4+', default: -1 }),
    }),
  },
});
