import { api, array, arrayOf, bool, bytes, int16, int32, string } from './schema.ts';

/** No authorized operations were asked for. */
const INT32_MIN = -0x80000000;

/**
 * State and members of groups.
 *
 * Versions: 1 throttle time · 3 authorized operations (KIP-430) · 4 static members (KIP-345) · 5
 * flexible · 6 error message, GROUP_ID_NOT_FOUND for an unknown group (KIP-1043).
 */
export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: '0-6',
  flexible: '5+',
  request: {
    groups: arrayOf(string()),
    includeAuthorizedOperations: bool({ versions: '3+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ versions: '6+', nullable: '6+', default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string({ versions: '4+', nullable: '4+', default: null }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32({ versions: '3+', default: INT32_MIN }),
    }),
  },
});
