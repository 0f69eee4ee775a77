import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { alterResource, type ResourceId } from '../configs/config-resources.ts';
import { refusal } from '../configs/config-target.ts';
import type { Refusal } from '../metadata/refusal.ts';
import { handler } from './handler.ts';

/**
 * IncrementalAlterConfigs (key 44), versions 0 and 1. SET, DELETE, and for lists APPEND and
 * SUBTRACT on topics, this broker, the cluster (a broker without name), groups and client metrics;
 * SET on the broker's logger. Each resource changes as a whole or not at all; one that is named
 * twice does not.
 *
 * Refused as Kafka refuses: bad values of topics and groups with INVALID_CONFIG 40, those of
 * brokers and settings that cannot change at run time with INVALID_REQUEST 42.
 */
export const incrementalAlterConfigsHandler = handler({
  key: ApiKeys.IncrementalAlterConfigs,
  handle: ({ resources, validateOnly }, { broker }) =>
    alterEach(broker, resources, (resource) => {
      const changes = resource.configs.map(({ name, configOperation, value }) => ({
        name,
        operation: configOperation,
        value,
      }));
      return alterResource(broker, resource, changes, validateOnly);
    }),
});

/** Alters one resource after the other, and after what other connections alter. */
export async function alterEach<R extends ResourceId>(
  broker: BrokerContext,
  resources: readonly R[],
  alter: (resource: R) => Promise<Refusal | undefined>,
): Promise<{ responses: (ResourceId & { errorCode: number; errorMessage: string | null })[] }> {
  const counts = new Map<string, number>();
  const key = (resource: R): string => `${resource.resourceType}/${resource.resourceName}`;
  for (const each of resources) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1);
  const responses = await broker.alteredConfigs.changes.run(async () => {
    const answers = [];
    for (const resource of resources) {
      const { resourceType, resourceName } = resource;
      const refused =
        (counts.get(key(resource)) ?? 0) > 1 ? REPEATED : await attempt(broker, resource, alter);
      const errorCode = refused?.error ?? ErrorCodes.NONE;
      const errorMessage = refused?.message ?? null;
      answers.push({ errorCode, errorMessage, resourceType, resourceName });
    }
    return answers;
  });
  return { responses };
}

const REPEATED = refusal(ErrorCodes.INVALID_REQUEST, 'Each resource must appear at most once.');

async function attempt<R extends ResourceId>(
  broker: BrokerContext,
  resource: R,
  alter: (resource: R) => Promise<Refusal | undefined>,
): Promise<Refusal | undefined> {
  try {
    return await alter(resource);
  } catch (error) {
    const { resourceType, resourceName } = resource;
    broker.logger.error({ err: error, resourceType, resourceName }, 'configs not altered');
    return refusal(ErrorCodes.UNKNOWN_SERVER_ERROR, 'The configs could not be stored.');
  }
}
