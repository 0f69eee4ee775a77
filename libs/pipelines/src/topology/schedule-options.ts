import { type Duration, durationMs } from '../time/duration.ts';
import { PipelineDefinitionError } from './definition-error.ts';

/** When a batch job runs by itself, over which records, and what it does when a run is missing. */
export interface ScheduleOptions {
  /**
   * Five fields: minute hour day-of-month month day-of-week, of numbers, ranges (`1-5`), lists and
   * steps. An hour that is `*`, or a step of it that divides the day, goes by real time; other
   * hours are local times, each due once a day also where summer time begins or ends.
   */
  readonly cron: string;
  /** IANA name; UTC when absent. */
  readonly timeZone?: string;
  /**
   * `contiguous` (when absent): each run reads from where the run before ended to the log end, so
   * that each record is in exactly one run. `all`: each run reads the whole log.
   */
  readonly window?: 'contiguous' | 'all';
  /**
   * What becomes of due times that passed while no worker ran: one run for all of them
   * (`coalesce`, when absent), a run for each, or one that counts for the latest only.
   */
  readonly catchUp?: 'coalesce' | 'each' | 'latest';
  /**
   * What becomes of a due time while a run has not ended: it is passed over, and its records are
   * in the next run (`skip`, when absent), or its run follows at once (`queue`).
   */
  readonly overlap?: 'skip' | 'queue';
  /**
   * Whether a run that failed holds back later ones until it succeeds (`block`; when absent, for
   * contiguous windows) or not (`continue`; when absent, for `all`).
   */
  readonly onFailure?: 'block' | 'continue';
  /** How long after its due time a run should have succeeded; later it counts as late. */
  readonly deadline?: Duration;
  /**
   * What a run does when records of its window were deleted before it read them: it fails and says
   * how many (`fail`, when absent), or goes on without them and records how many (`skip`).
   */
  readonly onGap?: 'fail' | 'skip';
}

/** A schedule with every choice made. */
export interface ScheduleDefinition extends Required<Omit<ScheduleOptions, 'deadline'>> {
  /** Null without a deadline. */
  readonly deadlineMs: number | null;
}

const CHOICES = {
  window: ['contiguous', 'all'],
  catchUp: ['coalesce', 'each', 'latest'],
  overlap: ['skip', 'queue'],
  onFailure: ['block', 'continue'],
  onGap: ['fail', 'skip'],
} as const;
const OPTIONS = ['cron', 'timeZone', 'deadline', ...Object.keys(CHOICES)];

/**
 * The cron expression and the zone are checked when the pipeline is registered, before anything of
 * it runs. Throws {@link PipelineDefinitionError} on any other option that is not one.
 */
export function toSchedule(
  name: string,
  options: ScheduleOptions | undefined,
): ScheduleDefinition | null {
  if (options === undefined) {
    return null;
  }
  const unknown = Object.keys(options).find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined) {
    throw new PipelineDefinitionError(
      name,
      `schedule has no option "${unknown}"; it has ${OPTIONS.join(', ')}`,
    );
  }
  for (const [option, allowed] of Object.entries(CHOICES)) {
    const value = options[option as keyof typeof CHOICES];
    if (value !== undefined && !(allowed as readonly string[]).includes(value)) {
      throw new PipelineDefinitionError(
        name,
        `schedule.${option} must be ${allowed.map((word) => `"${word}"`).join(' or ')}, ` +
          `not ${JSON.stringify(value)}`,
      );
    }
  }
  const { cron, timeZone = 'UTC', window = 'contiguous', catchUp = 'coalesce' } = options;
  if (catchUp === 'each' && options.overlap === 'skip') {
    throw new PipelineDefinitionError(
      name,
      'schedule.catchUp "each" makes a run of every due time: schedule.overlap must be "queue"',
    );
  }
  return Object.freeze({
    cron,
    timeZone,
    window,
    catchUp,
    overlap: options.overlap ?? (catchUp === 'each' ? 'queue' : 'skip'),
    onFailure: options.onFailure ?? (window === 'all' ? 'continue' : 'block'),
    deadlineMs: toDeadlineMs(name, options.deadline),
    onGap: options.onGap ?? 'fail',
  });
}

function toDeadlineMs(name: string, deadline: Duration | undefined): number | null {
  if (deadline === undefined) {
    return null;
  }
  const ms = durationMs(deadline);
  if (ms === null || ms === 0) {
    throw new PipelineDefinitionError(
      name,
      `schedule.deadline must be a duration such as "2h" or a number of milliseconds from 1, ` +
        `not ${JSON.stringify(deadline)}`,
    );
  }
  return ms;
}
