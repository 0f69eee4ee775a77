import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { firstRunTools, sendCommand } from './commands.ts';

/** The words a POSIX shell makes of a command whose program is replaced by one that prints them. */
function shellWords(command: string): string[] {
  const script = `${command.replace(/^\S+/, 'print_words')}`;
  const output = execFileSync('sh', ['-c', `print_words() { printf '%s\\0' "$@"; }\n${script}`]);
  return output.toString().split('\0').slice(0, -1);
}

describe('commands to paste', () => {
  it('reach the shell as they are meant', () => {
    expect(shellWords(sendCommand('http://localhost:8080', 'orders'))).toEqual([
      '-X',
      'POST',
      'http://localhost:8080/ingest/orders?key=k1',
      '-H',
      'content-type: application/json',
      '-d',
      '{"hello":"stream"}',
    ]);
  });

  it('name this server and no other', () => {
    for (const { send, read } of firstRunTools('http://10.0.0.7:9999', '10.0.0.7:9092')) {
      expect(send).toMatch(/10\.0\.0\.7:9(999|092)/);
      expect(read).toContain('10.0.0.7:9092');
      expect(send + read).not.toContain('localhost');
    }
  });

  it('give Python and Node one valid script each', () => {
    const tools = firstRunTools('http://localhost:8080', 'localhost:9092');
    for (const name of ['Node', 'Python']) {
      const words = shellWords(tools.find(({ tool }) => tool === name)!.send);
      expect(words[0]).toMatch(/^-[ec]$/);
      expect(words[1]).toContain('http://localhost:8080/ingest/real-time-topic?key=k1');
      expect(words).toHaveLength(2);
    }
  });
});
