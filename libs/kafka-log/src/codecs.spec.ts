import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { compress, decompress, DecompressionError } from './codecs.ts';
import { Random } from './faults/random.ts';

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

describe('decompress', () => {
  it.each(CODECS)('gives back what %s compressed, of any size and texture', (codec) => {
    const random = new Random(7);
    for (const size of [0, 1, 15, 16, 19, 255, 270, 4096, 70_000, 300_000]) {
      const bytes = Buffer.alloc(size);
      const isNoise = size % 2 === 0;
      for (let i = 0; i < size; i++) bytes[i] = isNoise ? random.below(256) : random.below(2);
      expect(decompress(codec, compress(codec, bytes), size + 1).equals(bytes)).toBe(true);
    }
  });

  it.each(CODECS)('refuses %s that would pass the limit', (codec) => {
    const bomb = compress(codec, Buffer.alloc(1_000_000));
    expect(() => decompress(codec, bomb, 999_999)).toThrow(DecompressionError);
    expect(decompress(codec, bomb, 1_000_000).length).toBe(1_000_000);
  });

  it.each(CODECS)(
    'refuses damaged %s with an error of its own, or gives something bounded',
    (codec) => {
      const random = new Random(11);
      const good = compress(codec, Buffer.from('record '.repeat(500)));
      for (let round = 0; round < 300; round++) {
        const bad = Buffer.from(good.subarray(0, 1 + random.below(good.length)));
        for (let flips = random.below(4); flips > 0; flips--) {
          bad[random.below(bad.length)] = random.below(256);
        }
        try {
          expect(decompress(codec, bad, 10_000).length).toBeLessThanOrEqual(10_000);
        } catch (error) {
          expect(error).toBeInstanceOf(DecompressionError);
        }
      }
    },
  );

  it('takes raw snappy as well as the framing of snappy-java', () => {
    const text = Buffer.from('snappy '.repeat(100));
    expect(decompress('snappy', compressSync(text), 1000).equals(text)).toBe(true);
  });

  it('takes what other writers of the formats make', () => {
    const text = Buffer.from('text '.repeat(50_000));
    const options = { contentChecksum: true, blockChecksums: true };
    expect(decompress('lz4', compressFrameSync(text, options), text.length).equals(text)).toBe(
      true,
    );
    expect(decompress('gzip', gzipSync(text, { level: 9 }), text.length).equals(text)).toBe(true);
    expect(decompress('zstd', zstdCompressSync(text), text.length).equals(text)).toBe(true);
  });
});
