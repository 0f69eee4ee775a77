import {
  ApiKeys,
  decodeResponse,
  isApiKey,
  isVersionOffered,
  type ApiKey,
} from '@penstock/kafka-protocol';
import type { World } from './world.ts';

/**
 * Kafka itself answers UNKNOWN_SERVER_ERROR to an operation, and to an isolation level, that does
 * not exist. The broker's log shows what it did not expect there.
 */
const SERVER_ERROR_IN_KAFKA: readonly ApiKey[] = [
  ApiKeys.IncrementalAlterConfigs,
  ApiKeys.ListOffsets,
];

/** What a frame asks for, by its first bytes; undefined when it has none. */
export function asked(frame: Buffer): { key: number; version: number; id: number } | undefined {
  if (frame.length < 8) return undefined;
  const [key, version, id] = [frame.readInt16BE(0), frame.readInt16BE(2), frame.readInt32BE(4)];
  return { key, version, id };
}

/**
 * Reads an answer as the version that was asked for.
 * @returns what is wrong with it, if anything is
 */
export function problemOf(
  answer: Buffer,
  question: { key: number; version: number; id: number },
  world: World,
): string | undefined {
  const { key, version, id } = question;
  if (!isApiKey(key)) return `API ${key} was answered`;
  const isKnown = isVersionOffered(key, version);
  if (!isKnown && key !== ApiKeys.ApiVersions) return `version ${version} of ${key} was answered`;
  try {
    const decoded = decodeResponse(key, isKnown ? version : 0, answer);
    if (decoded.correlationId !== id) return `answer ${decoded.correlationId} to request ${id}`;
    learn(key, decoded.body, world);
    if (SERVER_ERROR_IN_KAFKA.includes(key)) return undefined;
    const errors = serverErrors(decoded.body);
    return errors.length > 0 ? `UNKNOWN_SERVER_ERROR in ${errors.join(', ')}` : undefined;
  } catch (error) {
    return `cannot be decoded: ${String(error)}`;
  }
}

/** Paths of fields that carry error code -1: something the broker did not think of. */
function serverErrors(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => serverErrors(each, `${path}/${index}`));
  }
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    /errorCode$/i.test(name) && each === -1
      ? [`${path}/${name}`]
      : serverErrors(each, `${path}/${name}`),
  );
}

const REMEMBERED_MAX = 20;

/** Keeps ids that the broker gave, so that later requests get further. */
function learn(key: ApiKey, body: unknown, world: World): void {
  if (key === ApiKeys.Metadata) {
    const { topics } = body as { topics: { name: string | null; topicId: string }[] };
    for (const { name, topicId } of topics) {
      if (name !== null && world.topics.includes(name)) world.topicIds.set(name, topicId);
    }
  } else if (key === ApiKeys.JoinGroup) {
    const { memberId, generationId } = body as { memberId: string; generationId: number };
    if (memberId === '') return;
    // Which group it was is not in the answer; any will do often enough.
    for (const groupId of world.groups) world.members.push({ groupId, memberId, generationId });
    world.members.splice(0, Math.max(0, world.members.length - REMEMBERED_MAX));
  } else if (key === ApiKeys.InitProducerId) {
    const { producerId } = body as { producerId: number };
    if (producerId >= 0) world.producerIds.push(producerId);
    world.producerIds.splice(0, Math.max(0, world.producerIds.length - REMEMBERED_MAX));
  }
}
