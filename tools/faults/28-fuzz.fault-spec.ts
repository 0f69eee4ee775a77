import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/fuzz-run.ts';
import { isLong, report, seed } from './settings.ts';

test('fault 28: mutated requests of every API and version are answered or refused', async () => {
  const result = await fuzz({ seed, durationMs: isLong ? 1_800_000 : 20_000 });
  // How long the event loop may be busy is for `npm run fuzz` on a machine that does nothing else.
  const texts = result.findings.map(({ text }) => text);
  const busy = texts.filter((text) => text.startsWith('the event loop was busy'));
  expect(texts.filter((text) => !busy.includes(text))).toEqual([]);
  expect(result.canaryRecords).toBeGreaterThan(5);
  const { answers, closedConnections, canaryRecords } = result;
  report(28, {
    seed,
    answers,
    closed: closedConnections,
    'records of others': canaryRecords,
    'times busy': busy.length,
  });
});
