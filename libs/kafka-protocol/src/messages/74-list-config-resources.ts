import { api, array, arrayOf, int16, int32, int8, string } from './schema.ts';

/** Type of a subscription to client metrics, the only one that version 0 lists. */
const CLIENT_METRICS = 16;

/**
 * Names of the resources that have configs. Flexible from the start.
 *
 * Versions: 0 subscriptions to client metrics (KIP-714) · 1 any type (KIP-1142).
 */
export const listConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  versions: '0-1',
  flexible: '0+',
  request: {
    resourceTypes: arrayOf(int8(), { versions: '1+', default: [] }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ versions: '1+', default: CLIENT_METRICS }),
    }),
  },
});
