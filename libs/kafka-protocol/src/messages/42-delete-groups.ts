import { api, array, arrayOf, int16, int32, string } from './schema.ts';

/**
 * Empty groups to delete.
 *
 * Versions: 1 answered before throttling · 2 flexible.
 */
export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: '0-2',
  flexible: '2+',
  request: {
    groupsNames: arrayOf(string()),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      groupId: string(),
      errorCode: int16(),
    }),
  },
});
