import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * DescribeCluster (key 60), versions 0 to 2. One broker, which is also the controller; endpoint type
 * 2 (controllers) is answered by controllers only: UNSUPPORTED_ENDPOINT_TYPE 115.
 */
export const describeClusterHandler = handler({
  key: ApiKeys.DescribeCluster,
  handle({ endpointType }, { broker }) {
    const { nodeId, clusterId, rack } = broker;
    if (endpointType !== 1) {
      return {
        errorCode: ErrorCodes.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: 'This is a broker endpoint.',
        endpointType,
        clusterId,
        brokers: [],
      };
    }
    return {
      errorCode: ErrorCodes.NONE,
      endpointType,
      clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, ...broker.advertised, rack, isFenced: false }],
    };
  },
});
