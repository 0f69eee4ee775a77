import type { SeededRandom } from '@penstock/testing';

/** What really exists at the broker under attack, so that requests reach beyond the first check. */
export interface World {
  readonly topics: readonly string[];
  /** By name; of topics that exist now. */
  readonly topicIds: Map<string, string>;
  readonly groups: readonly string[];
  /** Group, member and generation, as the broker answered them. */
  readonly members: { groupId: string; memberId: string; generationId: number }[];
  readonly producerIds: number[];
}

export function newWorld(): World {
  return {
    topics: Array.from({ length: 6 }, (_, index) => `fuzz-${index}`),
    topicIds: new Map(),
    groups: Array.from({ length: 4 }, (_, index) => `fuzz-group-${index}`),
    members: [],
    producerIds: [],
  };
}

/** Settings that a topic may be given; what a broker may be given must not hurt others. */
const TOPIC_SETTINGS: readonly (readonly [string, readonly string[]])[] = [
  ['cleanup.policy', ['delete', 'compact', 'compact,delete', '', 'nothing']],
  ['retention.ms', ['-1', '0', '1', '604800000', 'x', '99999999999999999999']],
  ['retention.bytes', ['-1', '0', '1000']],
  ['segment.bytes', ['1048576', '14', '0', '2147483647']],
  ['segment.ms', ['1', '604800000']],
  ['max.message.bytes', ['0', '100', '1048588', '-5']],
  ['compression.type', ['producer', 'gzip', 'zstd', 'none?']],
  ['message.timestamp.type', ['CreateTime', 'LogAppendTime', 'Never']],
  ['min.insync.replicas', ['1', '2', '0']],
  ['no.such.setting', ['1']],
];

/** Text for a field by its name: mostly what exists, sometimes what does not. */
export function textFor(name: string, world: World, random: SeededRandom): string {
  if (random.chance(0.08)) return oddText(random);
  switch (name) {
    case 'groupId':
    case 'group':
    case 'groups':
    case 'groupsNames':
    case 'key':
    case 'coordinatorKeys':
      return random.pick(world.groups);
    case 'memberId':
    case 'leader':
      return world.members.length > 0 ? random.pick(world.members).memberId : '';
    case 'protocolType':
      return random.pick(['consumer', 'consumer', 'connect', '']);
    case 'protocolName':
      return random.pick(['range', 'roundrobin']);
    case 'clientSoftwareName':
    case 'clientSoftwareVersion':
      return random.pick(['fuzz', '1.0.0', '-x-', '']);
    case 'mechanism':
      return random.pick(['PLAIN', 'SCRAM-SHA-256', 'GSSAPI', '']);
    case 'statesFilter':
      return random.pick(['Stable', 'Empty', 'PreparingRebalance', 'Nothing']);
    case 'typesFilter':
      return random.pick(['classic', 'consumer', 'share']);
    case 'rackId':
    case 'reason':
    case 'clusterId':
    case 'committedMetadata':
      return random.pick(['', 'note', 'x'.repeat(5000)]);
    default:
      return random.pick(world.topics);
  }
}

/** Name and value of a setting. */
export function settingFor(random: SeededRandom): { name: string; value: string } {
  const [name, values] = random.pick(TOPIC_SETTINGS);
  return { name, value: random.pick(values) };
}

export function oddText(random: SeededRandom): string {
  return random.pick([
    '',
    '.',
    '..',
    '../../etc',
    'a/b',
    'nul\0byte',
    'Größe',
    '__proto__',
    'constructor',
    'x'.repeat(249),
    'x'.repeat(250),
    'x'.repeat(30_000),
    '🚀'.repeat(20),
    '__consumer_offsets',
    `fuzz.new-${random.int(0, 20)}`,
  ]);
}

/** Numbers by field name that keep the broker from waiting, or filling the disk, at our wish. */
export function numberFor(name: string, world: World, random: SeededRandom): number | undefined {
  switch (name) {
    case 'maxWaitMs':
      return random.pick([0, 1, 20, 100]);
    case 'timeoutMs':
    case 'validityMs':
      return random.pick([-1, 0, 100, 1000]);
    case 'sessionTimeoutMs':
      return random.pick([0, 6000, 10_000, 0x7fffffff]);
    case 'rebalanceTimeoutMs':
      return random.pick([-1, 0, 50, 200]);
    case 'numPartitions':
    case 'count':
      return random.pick([-1, 0, 1, 2, 3, 10_001, 0x7fffffff]);
    case 'replicationFactor':
      return random.pick([-1, 0, 1, 1, 1, 3]);
    case 'acks':
      return random.pick([-1, -1, 1, 1, 0, 2]);
    case 'generationId':
    case 'generationIdOrMemberEpoch':
      return world.members.length > 0 ? random.pick(world.members).generationId : -1;
    case 'partitionIndex':
    case 'partition':
    case 'partitions':
    case 'partitionIndexes':
    case 'index':
      return random.pick([0, 0, 0, 1, 2, -1, 0x7fffffff]);
    case 'resourceType':
      return random.pick([2, 2, 2, 4, 0, 8, 99]);
    case 'configOperation':
      return random.pick([0, 0, 1, 2, 3, 9]);
    case 'isolationLevel':
      return random.pick([0, 1, 2]);
    case 'timestamp':
      return random.pick([-1, -2, -3, -4, -5, -6, 0, Date.now()]);
    case 'sessionId':
    case 'sessionEpoch':
      return random.pick([0, 0, 0, -1, 1]);
    case 'brokerIds':
    case 'replicaId':
      return random.pick([-1, 1, 2]);
    default:
      return undefined;
  }
}
