import { decodeConsumerSubscription, ProtocolError } from '@penstock/kafka-protocol';
import type { ClassicGroup } from './classic-group.ts';

/**
 * The topics that the members of a `consumer` group subscribe to. Other protocol types and
 * subscriptions that cannot be read count as none: their bytes are the clients' own.
 */
export function subscribedTopics(group: ClassicGroup): Set<string> {
  const topics = new Set<string>();
  if (group.protocolType !== 'consumer') return topics;
  for (const member of group.members.values()) {
    const protocolName = group.protocolName ?? member.protocols[0]?.name ?? '';
    for (const topic of readTopics(member.metadataFor(protocolName))) topics.add(topic);
  }
  return topics;
}

function readTopics(metadata: Buffer): readonly string[] {
  if (metadata.length === 0) return [];
  try {
    return decodeConsumerSubscription(metadata).topics;
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}
