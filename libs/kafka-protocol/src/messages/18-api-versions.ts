import { api, array, bool, int16, int32, int64, string } from './schema.ts';

/**
 * What the broker speaks. The answer's header is always version 0 (KIP-511).
 *
 * Versions: 1 throttle time · 3 flexible, software name, features (KIP-584) · 4 features from
 * version 0 (KIP-1022).
 */
export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: '0-4',
  flexible: '3+',
  request: {
    clientSoftwareName: string({ versions: '3+' }),
    clientSoftwareVersion: string({ versions: '3+' }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    supportedFeatures: array(
      {
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      },
      { versions: '3+', tag: 0 },
    ),
    finalizedFeaturesEpoch: int64({ versions: '3+', tag: 1, default: -1 }),
    finalizedFeatures: array(
      {
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      },
      { versions: '3+', tag: 2 },
    ),
    zkMigrationReady: bool({ versions: '3+', tag: 3 }),
  },
});
