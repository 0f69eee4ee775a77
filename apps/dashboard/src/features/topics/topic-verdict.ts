import type { GroupHealth } from '../../generated/graphql.ts';
import { formatBytes, formatExact, formatRateValue } from '../../ui/numbers.ts';
import type { Rich } from '../../ui/rich.tsx';
import { shortName } from '../../ui/short-name.ts';
import { groupLooks } from '../../ui/state-mark.tsx';
import type { VerdictText } from '../../ui/verdict.tsx';
import { compareWorstFirst, isProblem } from '../consumer-groups/health.ts';

export interface TopicFacts {
  name: string;
  inPerSecond: number | null;
  recordCount: number;
  partitions: readonly {
    partition: number;
    startOffset: number | null;
    endOffset: number | null;
    error: string | null;
  }[];
  groups: readonly { groupId: string; health: GroupHealth; lag: number | null }[];
}

/** What arrives, who has read it, and how evenly it lies. */
export function topicVerdict(facts: TopicFacts): VerdictText {
  const { groups } = facts;
  const behind = groups.filter((group) => isProblem(group.health));
  const broken = facts.partitions.filter((partition) => partition.error !== null);
  if (broken.length > 0) {
    return {
      look: { ...groupLooks.STOPPED, word: 'Not readable' },
      sentence: [`${broken.length} of ${facts.partitions.length} partitions cannot be read.`],
      lead: [`Partition ${broken[0]!.partition}: ${broken[0]!.error}`],
    };
  }
  const worst = groups.toSorted(compareWorstFirst)[0];
  const look = worst && behind.length > 0 ? groupLooks[worst.health] : groupLooks.KEEPING_UP;
  const word =
    behind.length > 0
      ? `${behind.length} of ${groups.length} ${groups.length === 1 ? 'group' : 'groups'} behind`
      : groups.length === 0
        ? 'Nobody reads it'
        : 'Everyone keeps up';
  return {
    look: groups.length === 0 ? { ...groupLooks.UNKNOWN, word } : look,
    word,
    sentence: [arrivalSentence(facts), ...groupSentence(groups)],
    lead: balanceSentence(facts),
  };
}

function arrivalSentence({ inPerSecond, recordCount }: TopicFacts): string {
  if (inPerSecond !== null && inPerSecond >= 0.05) {
    return `Takes ${formatRateValue(inPerSecond)} records/s.`;
  }
  return recordCount === 0
    ? 'Holds no record yet.'
    : `Holds ${formatExact(recordCount)} ${recordCount === 1 ? 'record' : 'records'}; none arrives now.`;
}

function groupSentence(groups: TopicFacts['groups']): Rich {
  const known = groups.filter((group) => group.lag !== null).toSorted((a, b) => b.lag! - a.lag!);
  const [first, second] = known;
  if (!first) return [];
  if (first.lag === 0) {
    const who = shortName(first.groupId);
    return [known.length === 1 ? ` ${who} has read all.` : ' All groups have read all.'];
  }
  return [
    ` ${shortName(first.groupId)} is ${formatExact(first.lag)} behind`,
    ...(second ? [`, ${shortName(second.groupId)} ${formatExact(second.lag)}.`] : ['.']),
  ];
}

function balanceSentence({ partitions }: TopicFacts): Rich {
  const sizes = partitions.map((p) => ({
    partition: p.partition,
    records: Math.max(0, (p.endOffset ?? 0) - (p.startOffset ?? 0)),
  }));
  const total = sizes.reduce((sum, size) => sum + size.records, 0);
  if (total === 0 || sizes.length === 0) {
    return ['Produce a record here, by HTTP or by a Kafka client.'];
  }
  if (sizes.length === 1) return ['One partition: all records lie in one order.'];
  const largest = sizes.reduce((a, b) => (b.records > a.records ? b : a));
  const share = largest.records / total;
  const times = share * sizes.length;
  if (times < 1.2) return [`Records lie evenly over ${sizes.length} partitions.`];
  return [
    `Partition ${largest.partition} holds ${Math.round(share * 100)}\u00a0% of the records, `,
    `${times.toFixed(1)} times an even share.`,
  ];
}

/** Mean size on disk of a record, e.g. `118 B a record`. */
export function meanSize(sizeBytes: number | null, recordCount: number): string {
  if (sizeBytes === null) return 'the cluster does not tell';
  return recordCount > 0 ? `${formatBytes(sizeBytes / recordCount)} a record` : 'no record yet';
}
