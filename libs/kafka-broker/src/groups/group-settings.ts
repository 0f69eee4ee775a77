/** Settings under Kafka's names; functions, because some change at run time. */
export interface GroupSettings {
  readonly initialRebalanceDelayMs: () => number;
  readonly minSessionTimeoutMs: () => number;
  readonly maxSessionTimeoutMs: () => number;
  readonly maxSize: () => number;
  readonly offsetMetadataMaxBytes: () => number;
  readonly offsetsRetentionMs: () => number;
}
