import { ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { BROKER_CONFIGS } from './broker-config-table.ts';
import { dynamicValuesProblem } from './broker-config-rules.ts';
import { settingsWithoutEffect, type ConfigSynonym } from './broker-configs.ts';
import { CONFIG_SOURCES, parsedText } from './config-definition.ts';
import {
  refusal,
  RESOURCE_TYPES,
  type ConfigTarget,
  type DescribedConfig,
} from './config-target.ts';

/**
 * The settings of this broker, or with an empty name those of the whole cluster: one node is both,
 * and still a value of the broker counts before one of the cluster.
 */
export function brokerTarget(broker: BrokerContext, resourceName: string): ConfigTarget {
  const { configs, alteredConfigs } = broker;
  const isCluster = resourceName === '';
  const explicit = isCluster ? configs.ofCluster : configs.ofBroker;
  return {
    explicit,
    describe: () => (isCluster ? describeCluster(broker) : describeBroker(broker)),
    definition: (name) => BROKER_CONFIGS.get(name),
    inherited: (name) =>
      isCluster
        ? (configs.synonyms(name).find(({ source }) => source >= CONFIG_SOURCES.staticBroker)
            ?.value ?? null)
        : configs.value(name),
    notAList: (operation, name) =>
      `Config value ${operation} is not allowed for config key: ${name}`,
    problem(values) {
      const scope = isCluster ? 'cluster' : 'broker';
      const message = dynamicValuesProblem(values, scope, (name) => configs.value(name));
      return message === undefined ? undefined : refusal(ErrorCodes.INVALID_REQUEST, message);
    },
    async apply(values) {
      const changed = new Map([...values].filter(([name, value]) => explicit.get(name) !== value));
      await alteredConfigs.set(RESOURCE_TYPES.broker, resourceName, values);
      const settings = settingsWithoutEffect(changed);
      if (settings.length === 0) return;
      broker.logger.warn({ settings }, 'these settings have no effect in this broker');
    },
  };
}

function describeBroker({ configs }: BrokerContext): DescribedConfig[] {
  const known = [...configs.definitions()].filter(
    ({ name, isInternal }) => !isInternal || (configs.synonyms(name)[0]?.source ?? 5) < 5,
  );
  const names = [...known.map(({ name }) => name), ...configs.unknownNames];
  return names.map((name) => {
    const definition = BROKER_CONFIGS.get(name);
    const value = configs.describedValue(name);
    return described(
      name,
      value !== null && definition ? parsedText(definition, value) : value,
      configs.synonyms(name),
    );
  });
}

/** Only what was set for the cluster as a whole. */
function describeCluster({ configs }: BrokerContext): DescribedConfig[] {
  return [...configs.ofCluster].map(([name, value]) =>
    described(name, value, [{ name, value, source: CONFIG_SOURCES.dynamicDefaultBroker }]),
  );
}

/** A setting that is not known may be a secret: its value is hidden, as in Kafka. */
function described(
  name: string,
  value: string | null,
  synonyms: readonly ConfigSynonym[],
): DescribedConfig {
  const definition = BROKER_CONFIGS.get(name);
  const type = definition?.type ?? 'unknown';
  const isSensitive = type === 'password' || type === 'unknown';
  return {
    ...{ name, type, isSensitive },
    documentation: definition?.documentation ?? '',
    value: isSensitive ? null : value,
    source: synonyms[0]?.source ?? CONFIG_SOURCES.default,
    readOnly: definition === undefined || definition.dynamic === 'no',
    synonyms: isSensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
  };
}
