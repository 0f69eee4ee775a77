import { expect, test } from 'vitest';
import { FrameError, ReceiveBuffer } from './receive-buffer.ts';

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'frames come out as they went in, however reads cut them and whenever they are taken (seed %i)',
  (seed) => {
    const random = randomFrom(seed);
    const sizes = Array.from({ length: 200 }, () =>
      Math.floor(random() < 0.05 ? random() * 900_000 : random() * 3_000),
    );
    const sent = sizes.map((size, index) => Buffer.alloc(size, index % 251));
    const stream = Buffer.concat(sent.flatMap((frame) => [lengthOf(frame), frame]));
    const buffer = new ReceiveBuffer(1_000_000);
    const other = new ReceiveBuffer(1_000_000);
    const taken: Buffer[] = [];
    let position = 0;
    while (taken.length < sent.length) {
      const target = buffer.target();
      const copied = stream.copy(target, 0, position, position + Math.ceil(random() * 200_000));
      position += copied;
      buffer.received(copied);
      const takesFrames = target.length === 0 || random() < 0.7;
      for (let frame; takesFrames && (frame = buffer.next());) taken.push(Buffer.from(frame));
      buffer.settle();
      // Another connection's reads must not disturb what is held here.
      other.target().fill(0xff, 0, 1_000);
    }
    expect(taken.map((frame) => frame.length)).toEqual(sizes);
    expect(Buffer.concat(taken).equals(Buffer.concat(sent))).toBe(true);
  },
);

test('a length that lies costs memory only as bytes arrive', () => {
  const buffer = new ReceiveBuffer(100 * 1024 * 1024);
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(100 * 1024 * 1024);
  prefix.copy(buffer.target());
  buffer.received(4);
  expect(buffer.next()).toBeUndefined();
  buffer.settle();
  expect(buffer.target().length).toBeLessThan(1024 * 1024);
});

test.each([-1, 101])('a length of %i is refused', (length) => {
  const buffer = new ReceiveBuffer(100);
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  prefix.copy(buffer.target());
  buffer.received(4);
  expect(() => buffer.next()).toThrow(FrameError);
});

function lengthOf(frame: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length);
  return length;
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
