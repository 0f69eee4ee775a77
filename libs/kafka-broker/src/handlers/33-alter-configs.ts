import { ApiKeys, ErrorCodes, type RequestOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { changedConfigs, findConfigTarget, OPERATIONS } from '../configs/config-resources.ts';
import { handler } from './handler.ts';

/**
 * AlterConfigs (key 33), versions 0 to 2. Replaces all explicitly set values of a resource: what the
 * request does not name goes back to its default.
 */
export const alterConfigsHandler = handler({
  key: ApiKeys.AlterConfigs,
  handle: async ({ resources, validateOnly }, { broker }) => ({
    responses: await Promise.all(
      resources.map(async (resource) => ({
        resourceType: resource.resourceType,
        resourceName: resource.resourceName,
        ...(await replace(broker, resource, validateOnly)),
      })),
    ),
  }),
});

type Resource = RequestOf<typeof ApiKeys.AlterConfigs>['resources'][number];

async function replace(
  broker: BrokerContext,
  { resourceType, resourceName, configs }: Resource,
  validateOnly: boolean,
): Promise<{ errorCode: number; errorMessage: string | null }> {
  const target = findConfigTarget(broker, resourceType, resourceName);
  if ('error' in target) return { errorCode: target.error, errorMessage: target.message };
  const sets = configs.map(({ name, value }) => ({ name, operation: OPERATIONS.set, value }));
  const values = changedConfigs({ ...target, explicit: NOTHING }, sets);
  if ('error' in values) return { errorCode: values.error, errorMessage: values.message };
  if (!validateOnly) await target.apply(values);
  return { errorCode: ErrorCodes.NONE, errorMessage: null };
}

const NOTHING: ReadonlyMap<string, string> = new Map();
