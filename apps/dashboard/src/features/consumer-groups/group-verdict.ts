import type { GroupHealth } from '../../generated/graphql.ts';
import {
  formatAbout,
  formatCount,
  formatDuration,
  formatExact,
  formatPlural,
  formatRate,
} from '../../ui/numbers.ts';
import type { Rich } from '../../ui/rich.tsx';
import { shortName } from '../../ui/short-name.ts';
import { groupLooks } from '../../ui/state-mark.tsx';
import { formatTime } from '../../ui/time.ts';
import type { VerdictText } from '../../ui/verdict.tsx';

export interface GroupFacts {
  groupId: string;
  health: GroupHealth;
  members: number;
  lag: number | null;
  topics: readonly string[];
  partitions: readonly { topic: string; partition: number; lag: number | null }[];
  /** Means over 30 s, records per second. */
  arriving: number | null;
  consumed: number | null;
  /** Since when the state holds, as far as this page saw it begin; ms. */
  since: number | null;
  /** Server time of the frame, ms. */
  now: number;
  /** Newest recorded change of the group in the range, as a sentence without its full stop. */
  lastChange?: { at: number; message: string } | undefined;
}

/** `since 14:26:10 · 5 m 57 s`; undefined when the beginning was not seen. */
export function sinceText(since: number | null, now: number): string | undefined {
  if (since === null) return undefined;
  return `since ${formatTime(since)} · ${formatDuration(Math.max(0, now - since))}`;
}

/** Verdict on the group's own page, where the breadcrumb is the subject. */
export function groupVerdict(facts: GroupFacts): VerdictText {
  const since = sinceText(facts.since, facts.now);
  return {
    look: groupLooks[facts.health],
    ...(since ? { since } : {}),
    sentence: [
      facts.health === 'PAUSED' ? `It ${groupSentence(facts)}` : capitalised(groupSentence(facts)),
    ],
    lead: groupLead(facts),
  };
}

/** Verdict on Overview and lists: the subject comes first. */
export function groupVerdictWithSubject(facts: GroupFacts): VerdictText {
  const sentence = groupSentence(facts);
  const own = groupVerdict(facts);
  if (facts.health === 'NO_MEMBERS' || facts.health === 'STALLED' || facts.health === 'STOPPED') {
    return { ...own, sentence: [{ b: facts.groupId }, ': ', sentence] };
  }
  return { ...own, sentence: [{ b: facts.groupId }, ' ', sentence] };
}

/** The sentence without a subject, in lower case where a subject may precede it. */
function groupSentence(facts: GroupFacts): string {
  const { arriving, consumed, lag } = facts;
  const waiting = lag === null ? 'how many records wait is not known' : waits(lag);
  switch (facts.health) {
    case 'KEEPING_UP':
      return lag === 0
        ? 'has read everything.'
        : `keeps up: consumes ${formatRate(consumed)} of the ${formatRate(arriving)} arriving.`;
    case 'FALLING_BEHIND':
      return `consumes ${formatRate(consumed)} of the ${formatRate(arriving)} arriving and will not catch up.`;
    case 'CATCHING_UP': {
      const drainMs = timeToDrainMs(facts);
      const rates = `consumes ${formatRate(consumed)} of the ${formatRate(arriving)} arriving`;
      return drainMs === null
        ? `is catching up: ${rates}.`
        : `catches up in ${formatAbout(drainMs)}: ${rates}.`;
    }
    case 'STALLED':
      return `offsets stand still while ${formatPlural(facts.members, 'member')} ${facts.members === 1 ? 'polls' : 'poll'}; ${waiting}.`;
    case 'STOPPED':
      return `nobody commits any more; ${waiting}.`;
    case 'NO_MEMBERS':
      return `no member reads ${topicWords(facts.topics)}; ${waiting}.`;
    case 'PAUSED':
      return `is paused by hand; ${waiting}.`;
    case 'UNKNOWN':
      return 'has committed no offset yet; lag is known with the first commit.';
  }
}

function groupLead(facts: GroupFacts): Rich {
  const parts: (string | { b: string })[] = [];
  if (facts.lastChange) {
    parts.push(`At ${formatTime(facts.lastChange.at)}: ${facts.lastChange.message}. `);
  }
  const worst = worstPartition(facts);
  if (worst) {
    parts.push(
      `Partition ${worst.partition} of ${shortName(worst.topic)} waits most: `,
      { b: formatExact(worst.lag) },
      ` records, ${Math.round(worst.share * 100)}\u00a0% of the lag.`,
    );
  } else if (facts.lag !== null && facts.lag > 0) {
    parts.push(`${capitalised(waits(facts.lag))} between the committed offsets and the log ends.`);
  } else if (parts.length === 0) {
    parts.push(
      facts.members === 0
        ? 'Nobody reads in this group now.'
        : `${formatPlural(facts.members, 'member reads', 'members read')} ${topicWords(facts.topics)}.`,
    );
  }
  return parts;
}

/**
 * The partition with the largest lag, when it holds more than an even share of a lag worth naming.
 */
function worstPartition(facts: GroupFacts) {
  const { lag, partitions } = facts;
  if (lag === null || lag < 1_000 || partitions.length < 2) return null;
  const worst = partitions.reduce((a, b) => ((b.lag ?? -1) > (a.lag ?? -1) ? b : a));
  const share = (worst.lag ?? 0) / lag;
  return share > 1.25 / partitions.length ? { ...worst, lag: worst.lag ?? 0, share } : null;
}

/** Lag over the net rate, ms; null when it does not shrink by at least 2 % of what arrives. */
export function timeToDrainMs(facts: {
  lag: number | null;
  arriving: number | null;
  consumed: number | null;
}): number | null {
  const { lag, arriving, consumed } = facts;
  if (lag === null || arriving === null || consumed === null) return null;
  const net = consumed - arriving;
  return net > Math.max(0.02 * arriving, 1e-9) ? (lag / net) * 1000 : null;
}

function waits(lag: number): string {
  return lag === 1
    ? '1\u00a0record waits'
    : `${lag < 100_000 ? formatExact(lag) : formatCount(lag)}\u00a0records wait`;
}

function topicWords(topics: readonly string[]): string {
  if (topics.length === 0) return 'any topic';
  if (topics.length <= 2) return topics.map(shortName).join(' and ');
  return `${topics.length} topics`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
