import { describe, expect, it } from 'vitest';
import { FrameSplitter, ProtocolError } from './index.ts';

const MEBIBYTE = 1024 * 1024;

function framed(payload: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(payload.length);
  return Buffer.concat([prefix, payload]);
}

function pushInChunksOf(size: number, stream: Buffer, splitter: FrameSplitter): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length; at += size) {
    frames.push(...splitter.push(stream.subarray(at, at + size)));
  }
  return frames;
}

describe('a frame splitter', () => {
  const payloads = [0, 1, 3, 4, 100, 0, 5000, 7].map((size, index) => Buffer.alloc(size, index));
  const stream = Buffer.concat(payloads.map(framed));

  it.each([1, 2, 3, 5, 7, 64, 4096, 100_000])('finds the frames in chunks of %i bytes', (size) => {
    const splitter = new FrameSplitter(MEBIBYTE);
    expect(pushInChunksOf(size, stream, splitter)).toEqual(payloads);
    expect(splitter.pendingBytes).toBe(0);
  });

  it('does not copy a frame that lies within a chunk', () => {
    const frames = new FrameSplitter(MEBIBYTE).push(stream);
    expect(frames.every((frame) => frame.buffer === stream.buffer)).toBe(true);
  });

  it('collects frames far above what it allocates at once', () => {
    const payload = Buffer.from(
      Uint8Array.from({ length: 5 * MEBIBYTE }, (_, index) => index % 251),
    );
    const frames = pushInChunksOf(65_536, framed(payload), new FrameSplitter(8 * MEBIBYTE));
    expect(frames).toHaveLength(1);
    expect(frames[0]!.equals(payload)).toBe(true);
  });

  it('refuses a size that is negative or above the limit, also when it comes in pieces', () => {
    for (const size of [-1, MEBIBYTE + 1, 0x7fffffff, -0x80000000]) {
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(size);
      expect(() => new FrameSplitter(MEBIBYTE).push(prefix)).toThrow(ProtocolError);
      const splitter = new FrameSplitter(MEBIBYTE);
      splitter.push(prefix.subarray(0, 3));
      expect(() => splitter.push(prefix.subarray(3))).toThrow(ProtocolError);
    }
  });

  it('allocates no more than 1 MiB for a size that lies', () => {
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 20 }, () => {
      const splitter = new FrameSplitter(100 * MEBIBYTE);
      splitter.push(Buffer.from([6, 0, 0, 0, 1]));
      return splitter;
    });
    expect(splitters.map((splitter) => splitter.pendingBytes)).toEqual(Array(20).fill(5));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * MEBIBYTE);
  });
});
