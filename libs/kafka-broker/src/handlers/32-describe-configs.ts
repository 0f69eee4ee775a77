import { ApiKeys, ErrorCodes, type ResponseInputOf } from '@penstock/kafka-protocol';
import { CONFIG_TYPES } from '../configs/config-definition.ts';
import { describeResource, type ResourceId } from '../configs/config-resources.ts';
import { isRefused, type DescribedConfig } from '../configs/config-target.ts';
import { handler } from './handler.ts';

/**
 * DescribeConfigs (key 32), versions 1 to 4.
 *
 * - Topics: every topic config of Kafka with its value, source and synonyms; Connect, Streams and
 *   Schema Registry stop when one is missing. Brokers: every setting of Kafka; the cluster (a
 *   broker without name): what was set for it. Loggers, groups and client metrics: see configs/.
 * - No keys, null or an empty list, ask for all. Names that do not exist are left out.
 * - Documentation, in our words, from version 3 on, when asked for.
 */
export const describeConfigsHandler = handler({
  key: ApiKeys.DescribeConfigs,
  handle: ({ resources, includeSynonyms, includeDocumentation }, { broker }) => ({
    results: withFewRepeats(resources).map(({ resourceType, resourceName, configurationKeys }) => {
      const resource = { resourceType, resourceName };
      const found = describeResource(broker, resource);
      if (isRefused(found)) {
        const { error, message } = found;
        return { errorCode: error, errorMessage: message, ...resource, configs: [] };
      }
      const isWanted = ({ name }: DescribedConfig): boolean =>
        !configurationKeys?.length || configurationKeys.includes(name);
      const configs = found
        .filter(isWanted)
        .map((config) => entry(config, { includeSynonyms, includeDocumentation }));
      return { errorCode: ErrorCodes.NONE, errorMessage: '', ...resource, configs };
    }),
  }),
});

/** Repeats are answered as Kafka answers them, but not so many that the answer fills the memory. */
const REPEATS_MAX = 100;

function withFewRepeats<R extends ResourceId>(resources: readonly R[]): R[] {
  const seen = new Set<string>();
  let repeats = 0;
  return resources.filter(({ resourceType, resourceName }) => {
    const key = `${resourceType}/${resourceName}`;
    if (!seen.has(key)) return seen.add(key);
    repeats += 1;
    return repeats <= REPEATS_MAX;
  });
}

type ConfigEntry = ResponseInputOf<
  typeof ApiKeys.DescribeConfigs
>['results'][number]['configs'][number];

function entry(
  config: DescribedConfig,
  wishes: { readonly includeSynonyms: boolean; readonly includeDocumentation: boolean },
): ConfigEntry {
  const { name, value, readOnly, isSensitive, source, synonyms, type, documentation } = config;
  return {
    ...{ name, value, readOnly, isSensitive },
    configSource: source,
    synonyms: wishes.includeSynonyms ? [...synonyms] : [],
    configType: CONFIG_TYPES[type],
    documentation: wishes.includeDocumentation ? documentation : null,
  };
}
