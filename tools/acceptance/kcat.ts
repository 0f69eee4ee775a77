import { externalTool, run } from '@penstock/testing';
import type { ReadRecord } from './kafka-reader.ts';

const separator = '\u0001';
/** Near the longest text there can be. */
const OUTPUT_CHARACTERS_MAX = 500_000_000;

/** Reads a topic from start to end by kcat, that is by librdkafka. */
export async function readAllByKcat(
  bootstrapServers: string,
  topic: string,
): Promise<ReadRecord[]> {
  const format = ['%p', '%o', '%k', '%s', '%h'].join('\\x01') + '\\n';
  const args = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q'];
  const { stdout } = await run(externalTool('kcat')!, [...args, '-f', format], {
    outputCharactersMax: OUTPUT_CHARACTERS_MAX,
    deadlineMs: 600_000,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [partition, offset, key, value, headers] = line.split(separator);
      const pairs = (headers ?? '').split(',').filter((pair) => pair !== '');
      return {
        partition: Number(partition),
        offset: Number(offset),
        key: key ?? null,
        value: value ?? null,
        headers: Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string])),
      };
    })
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
