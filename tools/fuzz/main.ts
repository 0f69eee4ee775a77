// npm run fuzz, after the options have been read: attacks, prints what was found, keeps it in a
// file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { fuzz, type FuzzResult } from './fuzz-run.ts';

const MIB = 1024 * 1024;

const [minutes = '1', seed = '1', durability = 'os'] = process.argv.slice(2);
const result = await fuzz({
  seed: Number(seed),
  durationMs: Number(minutes) * 60_000,
  durability: durability === 'fsync' ? 'fsync' : 'os',
  onProgress: (text) => void process.stderr.write(`\r${text}  `),
});
process.stderr.write('\n');
print(result);
if (result.findings.length > 0) process.exitCode = 1;

function print({ findings, ...figures }: FuzzResult): void {
  console.log(
    `seed ${figures.seed}: ${figures.requests} requests, ${figures.answers} answers, ` +
      `${figures.closedConnections} connections closed by the broker; ` +
      `at most ${mebibytes(figures.residentBytesMax)} resident, heap grown by ` +
      `${mebibytes(figures.heapGrowthBytes)}, event loop busy for ` +
      `${figures.busyMsMax.toFixed(0)} ms, collections ${figures.collectionMsMax.toFixed(0)} ms; ` +
      `canary: ${figures.canaryRecords} records, ${figures.canaryMsMax.toFixed(0)} ms at most; ${findings.length} findings`,
  );
  for (const { text } of findings) console.log(`- ${text}`);
  if (findings.length === 0) return;
  const folder = join(repositoryRoot, '.penstock');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `fuzz-${figures.seed}.json`);
  writeFileSync(file, JSON.stringify(findings, null, 2));
  console.log(`What was sent is in ${file}. Again: npm run fuzz -- --seed ${figures.seed}`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`;
}
