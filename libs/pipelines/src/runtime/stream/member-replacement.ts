import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaPort } from '../runtime-ports.ts';

const LOOK_EVERY_MS = 20;
/** As brokers spell it; the client's type of it is spelt as its enumeration is. */
const WAITS_FOR_MEMBERS = 'PreparingRebalance';

/**
 * Takes members out of a group whose thread has ended, while another one joins.
 *
 * A group waits for a member that says nothing until its session times out, which takes ten
 * seconds. A group that becomes empty waits too, three seconds by default, for the first member to
 * be followed by others (`group.initial.rebalance.delay.ms`). So the old members are removed when
 * the new one has asked to join, and not before: then the group neither waits for them nor is
 * empty. When this fails the group forms after the session's time-out.
 *
 * @param joined settles when the group has formed
 */
export async function replaceMembers(
  kafka: KafkaPort,
  options: {
    readonly groupId: string;
    readonly replaces: readonly string[];
    readonly joined: Promise<unknown>;
  },
): Promise<void> {
  const { groupId, replaces } = options;
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  options.joined.then(end, end);
  try {
    while (!isOver) {
      const groups = await kafka.admin().describeGroups({ groups: [groupId] });
      const state: string | undefined = groups.get(groupId)?.state;
      if (state === WAITS_FOR_MEMBERS) {
        const members = replaces.map((memberId) => ({ memberId, reason: 'its thread ended' }));
        await kafka.admin().removeMembersFromConsumerGroup({ groupId, members });
        return;
      }
      await delay(LOOK_EVERY_MS);
    }
  } catch {
    // They are not in the group any more, or the broker is away.
  }
}
