import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { externalTool, repositoryRoot, run } from '@penstock/testing';
import { javaClientFolder } from '../test/java-clients.mjs';

/** Whether Java and Apache Kafka's Java client are here; says so in one line where they are not. */
export function hasJavaClient(): boolean {
  if (externalTool('java') === undefined || externalTool('javac') === undefined) return false;
  if (existsSync(javaClientFolder) && readdirSync(javaClientFolder).some(isJar)) return true;
  const missing = "Apache Kafka's Java client is not there: npm test fetches it through Maven";
  if (process.env['CI'] === 'true') throw new Error(missing);
  process.stderr.write(`skipped: ${missing}\n`);
  return false;
}

const isJar = (name: string) => name.endsWith('.jar');

/** Runs one of the single-file programs of `tools/acceptance/java`; gives what it printed. */
export async function runJava(
  program: string,
  args: string[],
  options: { properties?: Record<string, string> } = {},
): Promise<string> {
  const settings = Object.entries(options.properties ?? {}).map(
    ([name, value]) => `-D${name}=${value}`,
  );
  const file = join(repositoryRoot, 'tools/acceptance/java', `${program}.java`);
  const classPath = ['-cp', join(javaClientFolder, '*')];
  const jvm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', ...settings];
  const { stdout } = await run('java', [...jvm, ...classPath, file, ...args], {
    deadlineMs: 90_000,
  });
  return stdout;
}
