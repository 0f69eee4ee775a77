import { expect, it } from 'vitest';
import { inPieces } from './history.ts';

it.each([0, 1, 50, 51, 123, 500])(
  'the past of %i series is asked for in pieces that the server takes, each series once',
  async (count) => {
    const series = Array.from({ length: count }, (_, index) => ({
      kind: 'GROUP' as const,
      subject: `g${index}`,
      metric: 'LAG' as const,
    }));
    const asked: number[] = [];
    const history = await inPieces({ series, from: 1, maxPoints: 9 }, async (input) => {
      const piece = [input.series].flat();
      asked.push(piece.length);
      expect(input).toMatchObject({ from: 1, maxPoints: 9 });
      return {
        tierSeconds: 1,
        series: piece.map((key) => ({ ...key, at: [], value: [] })),
      };
    });
    expect(Math.max(...asked)).toBeLessThanOrEqual(50);
    expect(history.series.map(({ subject }) => subject)).toEqual(
      series.map(({ subject }) => subject),
    );
  },
);
