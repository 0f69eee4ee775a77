import type { EventRowFragment } from '../../generated/graphql.ts';
import { liveStore, type LiveFrame, type LiveGroup } from '../../live/live-store.ts';
import { eventSentence } from '../events/event-words.ts';
import type { GroupFacts } from './group-verdict.ts';

const changeAgeMsMax = 900_000;

/** A group of the frame with its 30 s means and its newest recorded change. */
export function groupFacts(
  group: LiveGroup,
  frame: LiveFrame,
  events: readonly EventRowFragment[],
): GroupFacts {
  const subject = group.groupId;
  const lastChange = events.find(
    (event) => event.subject === subject && frame.at - event.at < changeAgeMsMax,
  );
  return {
    groupId: subject,
    health: group.health,
    members: group.members,
    lag: group.lag,
    topics: group.topics,
    partitions: group.partitions,
    arriving: liveStore.mean30({ kind: 'GROUP', subject, metric: 'IN' }) ?? group.inPerSecond,
    consumed: liveStore.mean30({ kind: 'GROUP', subject, metric: 'OUT' }) ?? group.outPerSecond,
    since: liveStore.healthSince(subject),
    now: frame.at,
    ...(lastChange
      ? { lastChange: { at: lastChange.at, message: eventSentence(lastChange) } }
      : {}),
  };
}
