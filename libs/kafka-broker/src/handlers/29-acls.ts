import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * DescribeAcls, CreateAcls, DeleteAcls (keys 29 to 31), versions 1 to 3. There is no authorizer:
 * SECURITY_DISABLED 54, which consoles take as "no access control here".
 */
const errorCode = ErrorCodes.SECURITY_DISABLED;
const errorMessage = 'No Authorizer is configured.';

export const describeAclsHandler = handler({
  key: ApiKeys.DescribeAcls,
  handle: () => ({
    errorCode,
    errorMessage: 'No Authorizer is configured on the broker',
    resources: [],
  }),
});

export const createAclsHandler = handler({
  key: ApiKeys.CreateAcls,
  handle: ({ creations }) => ({ results: creations.map(() => ({ errorCode, errorMessage })) }),
});

export const deleteAclsHandler = handler({
  key: ApiKeys.DeleteAcls,
  handle: ({ filters }) => ({
    filterResults: filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  }),
});
