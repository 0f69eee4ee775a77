import { topicNameProblem } from '@penstock/kafka-protocol/topic-name';
import { type Duration, durationMs } from '../time/duration.ts';
import { PipelineDefinitionError } from './definition-error.ts';

/** Checks of what users write in a definition. Each throws PipelineDefinitionError. */

/** Pipelines and groups are named by the rule for topics, whose names are made of theirs. */
export function checkName(pipeline: string, value: unknown, what: string): void {
  if (typeof value !== 'string' || topicNameProblem(value) !== undefined) {
    throw new PipelineDefinitionError(
      pipeline,
      `${what} "${String(value)}" must be 1 to 249 letters, digits, dots, underscores or hyphens`,
    );
  }
}

/** A plain file name for a result. */
export function checkFileName(pipeline: string, name: string): void {
  if (!/^[\w][\w.-]{0,99}$/.test(name)) {
    throw new PipelineDefinitionError(pipeline, `"${name}" is not a plain file name`);
  }
}

export function checkFunction(pipeline: string, value: unknown, what: string): void {
  if (typeof value !== 'function') {
    throw new PipelineDefinitionError(pipeline, `${what} must be a function`);
  }
}

export function oneOf<Name extends string>(
  pipeline: string,
  option: string,
  value: unknown,
  allowed: readonly Name[],
): Name {
  if (!allowed.includes(value as Name)) {
    const list = allowed.map((name) => `"${name}"`).join(', ');
    throw new PipelineDefinitionError(
      pipeline,
      `${option} must be one of ${list}, not ${JSON.stringify(value)}`,
    );
  }
  return value as Name;
}

/** A whole number from 1. */
export function atLeastOne(pipeline: string, option: string, value: number): number {
  return wholeNumber(pipeline, option, value, 1);
}

export function wholeNumber(
  pipeline: string,
  option: string,
  value: number,
  least: number,
): number {
  if (!Number.isInteger(value) || value < least) {
    throw new PipelineDefinitionError(
      pipeline,
      `${option} must be a whole number from ${least}, not ${value}`,
    );
  }
  return value;
}

export function duration(pipeline: string, option: string, value: Duration): number {
  const ms = durationMs(value);
  if (ms === null) {
    throw new PipelineDefinitionError(
      pipeline,
      `${option} must be a duration such as '500ms', '10s', '5m', '2h' or '1d', not ${JSON.stringify(value)}`,
    );
  }
  return ms;
}
