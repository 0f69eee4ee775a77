import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { CLUSTER_OPERATIONS } from './authorized-operations.ts';
import { handler } from './handler.ts';

const BROKERS = 1;
const CONTROLLERS = 2;

/**
 * DescribeCluster (key 60), versions 0 to 2. One broker, which is also the controller; asked for
 * controllers: MISMATCHED_ENDPOINT_TYPE 114, for anything else UNSUPPORTED_ENDPOINT_TYPE 115.
 * Without an authorizer every operation is allowed, as Kafka says then.
 */
export const describeClusterHandler = handler({
  key: ApiKeys.DescribeCluster,
  handle({ endpointType, includeClusterAuthorizedOperations }, { broker, advertised }) {
    const { nodeId, clusterId, rack } = broker;
    if (endpointType !== BROKERS) {
      const isMismatch = endpointType === CONTROLLERS;
      return {
        errorCode: isMismatch
          ? ErrorCodes.MISMATCHED_ENDPOINT_TYPE
          : ErrorCodes.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: isMismatch
          ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
          : `Unsupported endpoint type ${endpointType}`,
        clusterId: '',
        brokers: [],
      };
    }
    return {
      errorCode: ErrorCodes.NONE,
      endpointType,
      clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, ...advertised, rack, isFenced: false }],
      ...(includeClusterAuthorizedOperations && {
        clusterAuthorizedOperations: CLUSTER_OPERATIONS,
      }),
    };
  },
});
