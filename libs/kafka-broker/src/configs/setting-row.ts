import type { ConfigLimits, ConfigType } from './config-definition.ts';

/** A broker setting as the tables write it. */
export type SettingRow = readonly [
  name: string,
  type: ConfigType,
  /** As Kafka writes it; null where Kafka has none. */
  defaultValue: string | null,
  options?: SettingOptions,
];

export interface SettingOptions extends ConfigLimits {
  /** How far it may be changed at run time: for one broker, or also for the whole cluster. */
  readonly dynamic?: 'broker' | 'cluster';
  readonly isInternal?: boolean;
  /** What it does here; a setting without is accepted and described, and nothing depends on it. */
  readonly does?: string;
}
