import { describe, expect, it } from 'vitest';
import { checkCreateTopic, checkTopicName } from './topic-input.ts';

describe('a topic name', () => {
  it.each(['orders', 'a', 'A.b_c-9', 'x'.repeat(249)])('%s is legal', (name) => {
    expect(checkTopicName(name)).toBeNull();
  });

  it.each(['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(250), 'a\u0000', '__consumer_offsets'])(
    '%j is not',
    (name) => {
      expect(checkTopicName(name)).not.toBeNull();
    },
  );
});

describe('a topic that is to be created', () => {
  it('may leave all but the name to the cluster', () => {
    expect(checkCreateTopic({ name: 't' })).toBeNull();
  });

  it.each([
    [{ name: 't', partitions: 0 }, 'partitions'],
    [{ name: 't', partitions: 1_001 }, 'partitions'],
    [{ name: 't', partitions: 1.5 }, 'partitions'],
    [{ name: 't', replicationFactor: 0 }, 'replicationFactor'],
    [{ name: 't', configs: Array(101).fill({ name: 'a', value: 'b' }) }, 'configs'],
    [{ name: 't', configs: Array(2).fill({ name: 'a', value: 'b' }) }, 'configs'],
    [{ name: '' }, 'name'],
  ])('is refused with the field that is wrong: %#', (request, field) => {
    expect(checkCreateTopic(request)).toMatchObject({ code: 'INVALID_INPUT', field });
  });
});
