import {
  ApiKeys,
  ErrorCodes,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { ConfigSynonym } from '../configs/broker-configs.ts';
import {
  CONFIG_SOURCES,
  CONFIG_TYPES,
  type ConfigDefinition,
} from '../configs/config-definition.ts';
import { RESOURCE_TYPES } from '../configs/config-resources.ts';
import { TOPIC_CONFIGS } from '../configs/topic-config-table.ts';
import { topicConfigSynonyms, topicConfigValue } from '../configs/topic-configs.ts';
import { topicNameProblem } from '../metadata/topic-names.ts';
import { handler } from './handler.ts';

/**
 * DescribeConfigs (key 32), versions 1 to 4.
 *
 * - Topics: every topic config of Kafka with its value, source and synonyms; Connect, Streams and
 *   Schema Registry stop when one is missing. Brokers: the settings of configs/broker-config-table.ts.
 * - Null keys ask for all. Documentation from version 3 on, when asked for.
 * - Other resource types: INVALID_REQUEST 42, per resource.
 */
export const describeConfigsHandler = handler({
  key: ApiKeys.DescribeConfigs,
  handle: ({ resources, includeSynonyms, includeDocumentation }, { broker }) => ({
    results: resources.map((resource) =>
      describeResource(broker, resource, { includeSynonyms, includeDocumentation }),
    ),
  }),
});

type Resource = RequestOf<typeof ApiKeys.DescribeConfigs>['resources'][number];
type Result = ResponseInputOf<typeof ApiKeys.DescribeConfigs>['results'][number];
type ConfigEntry = Result['configs'][number];

interface Wishes {
  readonly includeSynonyms: boolean;
  readonly includeDocumentation: boolean;
}

function describeResource(broker: BrokerContext, resource: Resource, wishes: Wishes): Result {
  const { resourceType, resourceName, configurationKeys } = resource;
  const result = (errorCode: number, errorMessage: string | null, configs: ConfigEntry[]) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
    configs,
  });
  const isWanted = ({ name }: ConfigDefinition): boolean =>
    configurationKeys === null || configurationKeys.includes(name);
  if (resourceType === RESOURCE_TYPES.topic) {
    const nameProblem = topicNameProblem(resourceName);
    if (nameProblem !== undefined) {
      return result(ErrorCodes.INVALID_TOPIC_EXCEPTION, nameProblem, []);
    }
    const topic = broker.topics.byName(resourceName);
    if (!topic) {
      return result(
        ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
        `The topic '${resourceName}' does not exist.`,
        [],
      );
    }
    const configs = [...TOPIC_CONFIGS.values()].filter(isWanted).map((definition) => {
      const { value, source } = topicConfigValue(definition, topic.configs, broker.configs);
      const synonyms = topicConfigSynonyms(definition, topic.configs, broker.configs);
      return entry(definition, { value, source, synonyms, readOnly: false }, wishes);
    });
    return result(ErrorCodes.NONE, null, configs);
  }
  if (resourceType === RESOURCE_TYPES.broker) {
    if (resourceName !== String(broker.nodeId) && resourceName !== '') {
      return result(
        ErrorCodes.INVALID_REQUEST,
        `Unexpected broker id, expected ${broker.nodeId} or empty string, but received ${resourceName}`,
        [],
      );
    }
    return result(ErrorCodes.NONE, null, brokerEntries(broker, resourceName, isWanted, wishes));
  }
  return result(ErrorCodes.INVALID_REQUEST, `Unsupported resource type: ${resourceType}`, []);
}

/** An empty name asks for the cluster's default settings, of which this one node has none. */
function brokerEntries(
  broker: BrokerContext,
  resourceName: string,
  isWanted: (definition: ConfigDefinition) => boolean,
  wishes: Wishes,
): ConfigEntry[] {
  if (resourceName === '') return [];
  return [...broker.configs.definitions()].filter(isWanted).map((definition) => {
    const synonyms = broker.configs.synonyms(definition.name);
    const value = synonyms[0]?.value ?? definition.defaultValue;
    const source = synonyms[0]?.source ?? CONFIG_SOURCES.default;
    return entry(definition, { value, source, synonyms, readOnly: !definition.isDynamic }, wishes);
  });
}

function entry(
  definition: ConfigDefinition,
  state: {
    value: string | null;
    source: number;
    synonyms: readonly ConfigSynonym[];
    readOnly: boolean;
  },
  wishes: Wishes,
): ConfigEntry {
  return {
    name: definition.name,
    value: state.value,
    readOnly: state.readOnly,
    configSource: state.source,
    isSensitive: false,
    synonyms: wishes.includeSynonyms ? [...state.synonyms] : [],
    configType: CONFIG_TYPES[definition.type],
    documentation: wishes.includeDocumentation ? definition.documentation : null,
  };
}
