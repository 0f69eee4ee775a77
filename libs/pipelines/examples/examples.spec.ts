import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PipelineDefinition, testDriver, type TestRecord } from '@penstock/pipelines';
import { test } from './testDriver.ts';

// The examples of docs/pipelines-api.md do what they say.

interface Example {
  readonly definition: PipelineDefinition;
  readonly input: readonly TestRecord[];
  /** How far time goes on behind the records. */
  readonly advance?: string;
  /** What the topics and files hold in the end. */
  readonly output: readonly unknown[];
  /** Stages at which records were given up. */
  readonly deadLetters?: readonly string[];
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => !/^(reading|testDriver|.*\.spec)\.ts$/.test(file))
  .map((file) => file.replace('.ts', ''));

describe('the example of', () => {
  it.each(names)('%s', async (name) => {
    const example = (await import(join(import.meta.dirname, `${name}.ts`))) as Example;
    const driver = testDriver(example.definition);
    await driver.pipe(example.input);
    if (example.advance !== undefined) await driver.advanceTime(example.advance);
    const rows = driver.results.filter(({ topic }) => !topic.endsWith('.late'));
    expect(rows.map(({ value }) => value)).toEqual(example.output);
    const given = driver.deadLetters.map(({ headers }) => headers['penstock.errors.stage']);
    expect(given).toEqual(example.deadLetters ?? []);
  });

  it('testDriver', test);
});
