import { decodeConsumerSubscription, ProtocolError } from '@penstock/kafka-protocol';
import type { GroupMember } from './group-member.ts';

/** What is looked at of a group. */
interface Subscribing {
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly members: ReadonlyMap<string, GroupMember>;
}

/**
 * The topics that the members of a `consumer` group subscribe to (Kafka:
 * `ClassicGroup.computeSubscribedTopics`). Null for other protocol types, whose bytes are never
 * looked into, and if a subscription cannot be read.
 */
export function subscribedTopics(group: Subscribing): ReadonlySet<string> | null {
  if (group.protocolType !== 'consumer') return null;
  if (group.members.size === 0) return new Set();
  if (group.protocolName === null) return null;
  const topics = new Set<string>();
  try {
    for (const member of group.members.values()) {
      for (const topic of readTopics(member.metadataFor(group.protocolName))) topics.add(topic);
    }
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
  return topics;
}

/** Reads what version 0 has, whatever the version: later ones only add to it. */
function readTopics(metadata: Buffer): readonly string[] {
  const first = Buffer.from(metadata);
  if (first.length >= 2) first.writeInt16BE(0);
  return decodeConsumerSubscription(first).topics;
}
