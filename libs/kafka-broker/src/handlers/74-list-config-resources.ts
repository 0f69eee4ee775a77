import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { RESOURCE_TYPES } from '../configs/config-target.ts';
import { handler } from './handler.ts';

/**
 * ListConfigResources (key 74), versions 0 and 1: topics, this broker, its loggers, and the groups
 * and subscriptions to client metrics that have values of their own. No types ask for all of them;
 * a type that does not exist: UNSUPPORTED_VERSION 35. Version 0 lists subscriptions only.
 */
export const listConfigResourcesHandler = handler({
  key: ApiKeys.ListConfigResources,
  handle({ resourceTypes }, { broker, apiVersion }) {
    const all: number[] = Object.values(RESOURCE_TYPES);
    if (resourceTypes.some((type) => !all.includes(type))) {
      return { errorCode: ErrorCodes.UNSUPPORTED_VERSION, configResources: [] };
    }
    const asked = resourceTypes.length === 0 ? all : [...new Set(resourceTypes)];
    const wanted = apiVersion === 0 ? [RESOURCE_TYPES.clientMetrics] : asked;
    return {
      errorCode: ErrorCodes.NONE,
      configResources: wanted.flatMap((resourceType) =>
        namesOf(broker, resourceType).map((resourceName) => ({ resourceName, resourceType })),
      ),
    };
  },
});

function namesOf(broker: BrokerContext, resourceType: number): string[] {
  switch (resourceType) {
    case RESOURCE_TYPES.topic:
      return [...broker.topics.all()].map(({ name }) => name);
    case RESOURCE_TYPES.broker:
    case RESOURCE_TYPES.brokerLogger:
      return [String(broker.nodeId)];
    default:
      return broker.alteredConfigs.names(resourceType);
  }
}
