import { api, array, arrayOf, int16, int32, string } from './schema.ts';

/**
 * The groups there are.
 *
 * Versions: 1 throttle time · 3 flexible · 4 filter by state (KIP-518) · 5 filter by type
 * (KIP-848).
 */
export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: '0-5',
  flexible: '3+',
  request: {
    statesFilter: arrayOf(string(), { versions: '4+', default: [] }),
    typesFilter: arrayOf(string(), { versions: '5+', default: [] }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ versions: '4+' }),
      groupType: string({ versions: '5+' }),
    }),
  },
});
