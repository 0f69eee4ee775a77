import { describe, expect, it } from 'vitest';
import { plainText } from '../../ui/rich.tsx';
import { groupVerdict, groupVerdictWithSubject, type GroupFacts } from './group-verdict.ts';

const facts: GroupFacts = {
  groupId: 'fraud-detector',
  health: 'FALLING_BEHIND',
  members: 3,
  lag: 287_625,
  topics: ['card-payments'],
  partitions: [
    { topic: 'card-payments', partition: 0, lag: 7_625 },
    { topic: 'card-payments', partition: 7, lag: 280_000 },
  ],
  arriving: 3_400,
  consumed: 2_640,
  since: null,
  now: 1_000_000,
};
const sentence = (change: Partial<GroupFacts>) =>
  plainText(groupVerdict({ ...facts, ...change }).sentence).replaceAll('\u00a0', ' ');

describe('the verdict on a group', () => {
  it('names the two numbers that decide', () => {
    expect(sentence({})).toBe('Consumes 2.6k/s of the 3.4k/s arriving and will not catch up.');
    expect(sentence({ health: 'CATCHING_UP', arriving: 880, consumed: 1_300, lag: 9_240 })).toBe(
      'Catches up in about 22 s: consumes 1.3k/s of the 880/s arriving.',
    );
    expect(sentence({ health: 'NO_MEMBERS', members: 0, lag: 33_300 })).toBe(
      'No member reads card-payments; 33,300 records wait.',
    );
    expect(sentence({ health: 'UNKNOWN', lag: null })).toBe(
      'Has committed no offset yet; lag is known with the first commit.',
    );
  });

  it('is at most 90 characters and calls nothing 0 that is unknown', () => {
    const states = [
      'KEEPING_UP',
      'FALLING_BEHIND',
      'CATCHING_UP',
      'STALLED',
      'STOPPED',
      'NO_MEMBERS',
      'PAUSED',
      'UNKNOWN',
    ] as const;
    for (const health of states) {
      expect(sentence({ health }).length).toBeLessThanOrEqual(90);
      expect(sentence({ health, lag: null, arriving: null, consumed: null })).not.toContain('0');
    }
  });

  it('names the partition that waits most, and puts the subject first on lists', () => {
    expect(plainText(groupVerdict(facts).lead!)).toContain('Partition 7 of card-payments');
    expect(plainText(groupVerdictWithSubject(facts).sentence)).toMatch(/^fraud-detector consumes/);
  });

  it('says since when only what was seen', () => {
    expect(groupVerdict(facts).since).toBeUndefined();
    expect(groupVerdict({ ...facts, since: 643_000 }).since).toContain('5\u00a0m 57\u00a0s');
  });
});
