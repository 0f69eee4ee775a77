import { api, array, int16, int32, int8, string } from './schema.ts';

/**
 * Access rules, added.
 *
 * Versions: 1 pattern types (KIP-290) · 2 flexible · 3 user resource type (KIP-373).
 */
export const createAcls = api({
  key: 30,
  name: 'CreateAcls',
  versions: '1-3',
  flexible: '2+',
  request: {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
});
