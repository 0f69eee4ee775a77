import { CLUSTER_SETTINGS } from './cluster-settings.ts';
import type { ConfigDefinition } from './config-definition.ts';
import { COORDINATOR_SETTINGS } from './coordinator-settings.ts';
import { LOG_SETTINGS } from './log-settings.ts';
import { NODE_SETTINGS } from './node-settings.ts';
import { SECURITY_SETTINGS } from './security-settings.ts';
import type { SettingRow } from './setting-row.ts';

export interface BrokerConfigDefinition extends ConfigDefinition {
  /** How far it may be changed at run time (Kafka: `DynamicBrokerConfig`). */
  readonly dynamic: 'no' | 'broker' | 'cluster';
  /** True when something depends on it here. */
  readonly acts: boolean;
}

const WITHOUT_EFFECT = 'Accepted and described; nothing in this broker depends on it.';

/**
 * Every broker setting of Apache Kafka 4.3 under its name and with its default, those that act here
 * and those that are accepted only.
 */
export const BROKER_CONFIGS: ReadonlyMap<string, BrokerConfigDefinition> = new Map(
  [
    ...NODE_SETTINGS,
    ...LOG_SETTINGS,
    ...COORDINATOR_SETTINGS,
    ...CLUSTER_SETTINGS,
    ...SECURITY_SETTINGS,
  ].map((row) => [row[0], definitionOf(row)]),
);

function definitionOf([
  name,
  type,
  defaultValue,
  options = {},
]: SettingRow): BrokerConfigDefinition {
  const { dynamic = 'no', does, ...limits } = options;
  const documentation = does ?? WITHOUT_EFFECT;
  return { name, type, defaultValue, documentation, dynamic, acts: does !== undefined, ...limits };
}
