import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * FindCoordinator (key 10), versions 0 to 5.
 *
 * - This node coordinates every group (key type 0) and would every transaction (1); what is not
 *   built is refused by the coordinator's own APIs, with an error that says so.
 * - Other key types: INVALID_REQUEST 42.
 */
export const findCoordinatorHandler = handler({
  key: ApiKeys.FindCoordinator,
  handle({ key, keyType, coordinatorKeys }, { broker, apiVersion, advertised }) {
    const isKnown = keyType === 0 || keyType === 1;
    const node = isKnown
      ? { nodeId: broker.nodeId, ...advertised }
      : { nodeId: -1, host: '', port: -1 };
    const outcome = {
      ...node,
      errorCode: isKnown ? ErrorCodes.NONE : ErrorCodes.INVALID_REQUEST,
      errorMessage: isKnown ? '' : `coordinator type ${keyType} is not known`,
    };
    const keys = apiVersion >= 4 ? coordinatorKeys : [key];
    return { ...outcome, coordinators: keys.map((each) => ({ key: each, ...outcome })) };
  },
});
