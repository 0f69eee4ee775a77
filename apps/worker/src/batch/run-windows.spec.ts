import type { SourceLog, StepPart } from '@penstock/control-plane';
import { describe, expect, it } from 'vitest';
import { gapOf } from './run-windows.ts';

const LOG: SourceLog = { topic: 'in', topicId: 'a', partition: 0, startOffset: 0, endOffset: 90 };

function step(nextOffset: number, endOffset: number, topicId = 'a'): StepPart {
  return { topic: 'in', topicId, partition: 0, nextOffset, endOffset } as StepPart;
}

describe('what is gone of a window', () => {
  it('is nothing while the log begins at or before the next offset', () => {
    expect(gapOf(step(5, 10), LOG)).toBeNull();
    expect(gapOf(step(5, 10), { ...LOG, startOffset: 5 })).toBeNull();
    // A run that was frozen before topics' ids were kept.
    expect(gapOf(step(5, 10, ''), LOG)).toBeNull();
  });

  it('is what the log start has passed, but not what the run has read or is not its own', () => {
    expect(gapOf(step(5, 10), { ...LOG, startOffset: 8 })).toMatchObject({
      records: 3,
      nextOffset: 8,
      reason: expect.stringMatching(/^3 records of in\/0 were deleted .* starts at 8$/) as string,
    });
    expect(gapOf(step(5, 10), { ...LOG, startOffset: 50 })).toMatchObject({
      records: 5,
      nextOffset: 10,
    });
    expect(gapOf(step(10, 10), { ...LOG, startOffset: 50 })).toBeNull();
  });

  it('is all that was left when the topic is another one, with or without such a partition', () => {
    const gone = { records: 5, nextOffset: 10 };
    expect(gapOf(step(5, 10), { ...LOG, topicId: 'b' })).toMatchObject(gone);
    expect(gapOf(step(5, 10), undefined)).toMatchObject(gone);
  });
});
