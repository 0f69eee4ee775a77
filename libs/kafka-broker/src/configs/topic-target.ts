import { ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { Topic } from '../metadata/topic-catalog.ts';
import { CONFIG_SOURCES, parsedText } from './config-definition.ts';
import { refusal, type ConfigTarget, type DescribedConfig } from './config-target.ts';
import { TOPIC_CONFIGS } from './topic-config-table.ts';
import { topicConfigsProblem, topicConfigSynonyms, topicConfigValue } from './topic-configs.ts';

/** A topic's configs (Kafka: `ConfigHelper.createTopicConfigEntry`). */
export function topicTarget(broker: BrokerContext, topic: Topic): ConfigTarget {
  const { configs } = broker;
  return {
    explicit: topic.configs,
    describe: () => describeTopic(broker, topic),
    definition: (name) => TOPIC_CONFIGS.get(name),
    inherited(name) {
      const definition = TOPIC_CONFIGS.get(name);
      return definition ? topicConfigValue(definition, NONE, configs).value : null;
    },
    notAList: (operation, name) =>
      `Can't ${operation.toUpperCase()} to key ${name} because its type is not LIST.`,
    problem(values) {
      const message = topicConfigsProblem(values, configs);
      return message === undefined ? undefined : refusal(ErrorCodes.INVALID_CONFIG, message);
    },
    apply: (values) => broker.topics.setConfigs(topic, values),
  };
}

const NONE: ReadonlyMap<string, string> = new Map();

function describeTopic({ configs }: BrokerContext, topic: Topic): DescribedConfig[] {
  const described: DescribedConfig[] = [];
  for (const definition of TOPIC_CONFIGS.values()) {
    const { name, type, documentation, isInternal } = definition;
    if (isInternal && !topic.configs.has(name)) continue;
    const { value } = topicConfigValue(definition, topic.configs, configs);
    const synonyms = topicConfigSynonyms(definition, topic.configs, configs);
    described.push({
      ...{ name, type, documentation, synonyms },
      value: value === null ? null : parsedText(definition, value),
      source: synonyms[0]?.source ?? CONFIG_SOURCES.default,
      readOnly: false,
      isSensitive: false,
    });
  }
  return described;
}
