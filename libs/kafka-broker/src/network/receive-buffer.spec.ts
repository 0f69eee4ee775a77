import { SeededRandom } from '@penstock/testing';
import { expect, test } from 'vitest';
import { FrameError, ReceiveBuffer } from './receive-buffer.ts';
import { ReceiveMemory } from './receive-memory.ts';

const MIB = 1024 * 1024;

test.each([
  ['plenty', 64 * MIB, [1, 2, 3, 4]],
  ['little', MIB, [5, 6, 7, 8]],
])(
  'frames come out as they went in, however reads cut them and whenever they are taken, with %s of memory',
  (_, bytesMax, seeds) => {
    for (const seed of seeds) {
      const random = new SeededRandom(seed);
      const sizes = Array.from({ length: 150 }, () =>
        random.chance(0.05) ? random.int(0, 900_000) : random.int(0, 3_000),
      );
      const sent = sizes.map((size, index) => Buffer.alloc(size, index % 251));
      const stream = Buffer.concat(sent.flatMap((frame) => [lengthOf(frame), frame]));
      const memory = newMemory(bytesMax);
      const buffer = new ReceiveBuffer(MIB, memory, () => {});
      const other = new ReceiveBuffer(MIB, memory, () => {});
      const taken: Buffer[] = [];
      let position = 0;
      while (taken.length < sent.length) {
        const target = buffer.target();
        const copied = stream.copy(target, 0, position, position + random.int(1, 200_000));
        position += copied;
        buffer.received(copied);
        const takesFrames = target.length === 0 || random.chance(0.7);
        for (let frame; takesFrames && (frame = buffer.next());) taken.push(Buffer.from(frame));
        buffer.settle();
        // Another connection's reads must not disturb what is held here.
        other.target().fill(0xff, 0, 1_000);
      }
      expect(taken.map((frame) => frame.length)).toEqual(sizes);
      expect(Buffer.concat(taken).equals(Buffer.concat(sent))).toBe(true);
      expect(memory.heldBytes).toBe(0);
    }
  },
);

test('a length that lies costs memory only as bytes arrive', () => {
  const memory = newMemory(100 * MIB);
  const buffers = Array.from(
    { length: 1000 },
    () => new ReceiveBuffer(100 * MIB, memory, () => {}),
  );
  for (const buffer of buffers) {
    receive(buffer, lengthOf({ length: 100 * MIB }));
    expect(buffer.next()).toBeUndefined();
    buffer.settle();
  }
  expect(memory.heldBytes).toBeLessThan(20 * MIB);
  for (const buffer of buffers) buffer.close();
  expect(memory.heldBytes).toBe(0);
});

test('beyond the limit one unfinished request at a time goes on, and the others after it', () => {
  const memory = newMemory(MIB);
  const woken: number[] = [];
  const frame = Buffer.alloc(600_000, 1);
  const buffers = [0, 1, 2].map((n) => new ReceiveBuffer(MIB, memory, () => void woken.push(n)));
  const positions = buffers.map(() => 0);
  const whole = Buffer.concat([lengthOf(frame), frame]);
  /** Reads what there is room for; true when the frame has come as a whole. */
  const readOn = (n: number): boolean => {
    const buffer = buffers[n]!;
    for (;;) {
      const target = buffer.target();
      if (target.length === 0) return false;
      const copied = whole.copy(target, 0, positions[n], (positions[n] ?? 0) + 50_000);
      positions[n]! += copied;
      buffer.received(copied);
      const isWhole = buffer.next() !== undefined;
      buffer.settle();
      if (isWhole) return true;
      if (copied === 0) return false;
    }
  };
  // All three begin before any can be finished.
  for (const buffer of buffers) {
    positions[buffers.indexOf(buffer)] = receive(buffer, whole.subarray(0, 300_000));
    buffer.settle();
  }
  const finished = [0, 1, 2].filter(readOn);
  expect(finished.length).toBeGreaterThan(0);
  expect(memory.heldBytes).toBeLessThan(MIB + frame.length + 100_000);
  for (let rounds = 0; finished.length < 3 && rounds < 10; rounds += 1) {
    for (const n of woken.splice(0)) {
      buffers[n]!.settle();
      if (readOn(n)) finished.push(n);
    }
  }
  expect(new Set(finished)).toEqual(new Set([0, 1, 2]));
  expect(memory.heldBytes).toBe(0);
});

test.each([-1, 101, 0x7fffffff, -0x80000000])('a length of %i is refused', (length) => {
  const buffer = new ReceiveBuffer(100, newMemory(MIB), () => {});
  receive(buffer, lengthOf({ length }));
  expect(() => buffer.next()).toThrow(FrameError);
});

function newMemory(bytesMax: number): ReceiveMemory {
  return new ReceiveMemory(bytesMax, () => {});
}

function receive(buffer: ReceiveBuffer, bytes: Buffer): number {
  const copied = bytes.copy(buffer.target());
  buffer.received(copied);
  return copied;
}

function lengthOf(frame: { length: number }): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length);
  return length;
}
