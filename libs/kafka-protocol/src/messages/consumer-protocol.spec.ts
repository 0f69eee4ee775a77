import { describe, expect, it } from 'vitest';
import {
  decodeConsumerAssignment,
  decodeConsumerSubscription,
  encodeConsumerAssignment,
  encodeConsumerSubscription,
  ProtocolError,
} from '../index.ts';

const SUBSCRIPTION = {
  topics: ['topic', 'ü'],
  userData: Buffer.from([1, 2]),
  ownedPartitions: [{ topic: 'topic', partitions: [0, 3] }],
  generationId: 7,
  rackId: 'rack',
};

/** Written by `ConsumerProtocol` of kafka-clients 4.3.1, by version. */
const SUBSCRIPTIONS = [
  '0000000000020005746f7069630002c3bc000000020102',
  '0001000000020005746f7069630002c3bc000000020102000000010005746f706963000000020000000000000003',
  '0002000000020005746f7069630002c3bc000000020102000000010005746f706963000000020000000000000003' +
    '00000007',
  '0003000000020005746f7069630002c3bc000000020102000000010005746f706963000000020000000000000003' +
    '0000000700047261636b',
];
const ASSIGNMENT = '0003000000010005746f706963000000020000000000000003ffffffff';

describe('the metadata of consumers', () => {
  it('is written as Kafka writes it, in every version', () => {
    for (const [version, hex] of SUBSCRIPTIONS.entries()) {
      expect(encodeConsumerSubscription(SUBSCRIPTION, version).toString('hex')).toBe(hex);
    }
    const assignment = { assignedPartitions: SUBSCRIPTION.ownedPartitions };
    expect(encodeConsumerAssignment(assignment).toString('hex')).toBe(ASSIGNMENT);
  });

  it('is read with defaults for what its version lacks', () => {
    const [first, , , last] = SUBSCRIPTIONS.map((hex) => Buffer.from(hex, 'hex'));
    expect(decodeConsumerSubscription(last!)).toEqual(SUBSCRIPTION);
    expect(decodeConsumerSubscription(first!)).toEqual({
      ...SUBSCRIPTION,
      ownedPartitions: [],
      generationId: -1,
      rackId: null,
    });
    expect(decodeConsumerAssignment(Buffer.from(ASSIGNMENT, 'hex'))).toEqual({
      assignedPartitions: SUBSCRIPTION.ownedPartitions,
      userData: null,
    });
  });

  it('is read in a version beyond the newest known, whose additions are left alone', () => {
    const future = Buffer.from(`${SUBSCRIPTIONS[3]}ffff`, 'hex');
    future.writeInt16BE(9, 0);
    expect(decodeConsumerSubscription(future)).toEqual(SUBSCRIPTION);
  });

  it('is rejected when it is something else, as the metadata of other group types is', () => {
    for (const text of ['', '\u0000', 'connect', '\u0000\u0000{"topics":[]}']) {
      expect(() => decodeConsumerSubscription(Buffer.from(text)), text).toThrow(ProtocolError);
    }
    expect(() => encodeConsumerSubscription(SUBSCRIPTION, 4)).toThrow(RangeError);
  });
});
