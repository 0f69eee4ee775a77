import { ApiKeys } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * Heartbeat (key 12), versions 0 to 4. REBALANCE_IN_PROGRESS 27 only while members are to rejoin;
 * while the leader assigns, heartbeats are fine (Kafka's code, not its comment).
 */
export const heartbeatHandler = handler({
  key: ApiKeys.Heartbeat,
  handle: (request, { broker }) => ({ errorCode: broker.groups.heartbeat(request) }),
});
