import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import {
  changedConfigs,
  findConfigTarget,
  type ConfigChange,
} from '../configs/config-resources.ts';
import { handler } from './handler.ts';

/**
 * IncrementalAlterConfigs (key 44), versions 0 and 1. SET, DELETE, and for lists APPEND and SUBTRACT
 * on topics and on this broker; a resource changes as a whole or not at all. Broker settings that
 * Kafka does not change at run time: INVALID_CONFIG 40.
 */
export const incrementalAlterConfigsHandler = handler({
  key: ApiKeys.IncrementalAlterConfigs,
  handle: async ({ resources, validateOnly }, { broker }) => ({
    responses: await Promise.all(
      resources.map(async ({ resourceType, resourceName, configs }) => {
        const changes = configs.map(({ name, configOperation, value }) => ({
          name,
          operation: configOperation,
          value,
        }));
        const resource = { resourceType, resourceName };
        return { ...resource, ...(await alter(broker, resource, changes, validateOnly)) };
      }),
    ),
  }),
});

async function alter(
  broker: BrokerContext,
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
  changes: readonly ConfigChange[],
  validateOnly: boolean,
): Promise<{ errorCode: number; errorMessage: string | null }> {
  const target = findConfigTarget(broker, resourceType, resourceName);
  if ('error' in target) return { errorCode: target.error, errorMessage: target.message };
  const values = changedConfigs(target, changes);
  if ('error' in values) return { errorCode: values.error, errorMessage: values.message };
  if (!validateOnly) await target.apply(values);
  return { errorCode: ErrorCodes.NONE, errorMessage: null };
}
