import { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { compileStruct, type Codec } from './codec.ts';
import { array, arrayOf, bytes, int32, string, type Decoded, type Encodable } from './schema.ts';

/**
 * What the members of a consumer group put into JoinGroup's metadata and SyncGroup's assignment
 * when the group's protocol type is `consumer` (Kafka messages ConsumerProtocolSubscription and
 * ConsumerProtocolAssignment): an int16 version, then a struct that later versions only add to, so
 * a reader takes the newest it knows for any version beyond. Never flexible.
 *
 * These bytes are opaque to group coordination. A coordinator may look into them to learn which
 * topics a member subscribes to, and must not fail where they are something else.
 */
const subscriptionFields = {
  topics: arrayOf(string()),
  userData: bytes({ nullable: '0+', default: null }),
  ownedPartitions: array(
    { topic: string(), partitions: arrayOf(int32()) },
    { versions: '1+', default: [] },
  ),
  generationId: int32({ versions: '2+', default: -1 }),
  rackId: string({ versions: '3+', nullable: '3+', default: null }),
};

const assignmentFields = {
  assignedPartitions: array({ topic: string(), partitions: arrayOf(int32()) }),
  userData: bytes({ nullable: '0+', default: null }),
};

export type ConsumerSubscription = Decoded<typeof subscriptionFields>;
export type ConsumerSubscriptionInput = Encodable<typeof subscriptionFields>;
export type ConsumerAssignment = Decoded<typeof assignmentFields>;
export type ConsumerAssignmentInput = Encodable<typeof assignmentFields>;

const VERSION_MAX = 3;

const subscriptions = perVersion(subscriptionFields);
const assignments = perVersion(assignmentFields);

/** Decodes a member's subscription. Throws ProtocolError. */
export function decodeConsumerSubscription(metadata: Buffer): ConsumerSubscription {
  return decode(subscriptions, metadata) as ConsumerSubscription;
}

/** Encodes a subscription in `version` 0 to 3. */
export function encodeConsumerSubscription(
  subscription: ConsumerSubscriptionInput,
  version = VERSION_MAX,
): Buffer {
  return encode(subscriptions, version, subscription);
}

/** Decodes a member's assignment. Throws ProtocolError. */
export function decodeConsumerAssignment(assignment: Buffer): ConsumerAssignment {
  return decode(assignments, assignment) as ConsumerAssignment;
}

/** Encodes an assignment in `version` 0 to 3. */
export function encodeConsumerAssignment(
  assignment: ConsumerAssignmentInput,
  version = VERSION_MAX,
): Buffer {
  return encode(assignments, version, assignment);
}

function perVersion(fields: typeof subscriptionFields | typeof assignmentFields): Codec[] {
  const versions = Array.from({ length: VERSION_MAX + 1 }, (_, version) => version);
  return versions.map((version) => compileStruct(fields, version, false) as Codec);
}

function decode(codecs: readonly Codec[], data: Buffer): unknown {
  const reader = new Reader(data);
  const version = reader.int16();
  if (version < 0) reader.fail('version of at least 0');
  return codecs[Math.min(version, VERSION_MAX)]!.decode(reader);
}

function encode(codecs: readonly Codec[], version: number, value: unknown): Buffer {
  const codec = codecs[version];
  if (codec === undefined) throw new RangeError(`no version ${version} of the consumer protocol`);
  const writer = new Writer();
  writer.int16(version);
  codec.encode(writer, value);
  return Buffer.concat(writer.finish());
}
