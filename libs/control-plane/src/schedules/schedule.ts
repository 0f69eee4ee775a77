import { type CronExpression, CronSyntaxError, parseCron } from './cron-expression.ts';
import { toWallTime } from './wall-clock.ts';

/** Five cron fields (minute hour day-of-month month day-of-week) in an IANA time zone. */
export interface Schedule {
  readonly cron: string;
  readonly timeZone: string;
}

export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  readonly code = 'SCHEDULE_INVALID';
}

/**
 * Throws {@link ScheduleError} when the expression or the zone is not one, or is never due.
 *
 * @param owner what the schedule belongs to, named in the error
 */
export function checkSchedule(schedule: Schedule, owner: string): void {
  try {
    parseSchedule(schedule);
  } catch (cause) {
    if (!(cause instanceof ScheduleError)) {
      throw cause;
    }
    throw new ScheduleError(`${owner}: ${cause.message}`, { cause });
  }
}

/**
 * The fields of a schedule whose zone exists. Throws {@link ScheduleError} as `checkSchedule` does.
 */
export function parseSchedule(schedule: Schedule): CronExpression {
  try {
    toWallTime(0, schedule.timeZone);
  } catch (cause) {
    throw new ScheduleError(`"${schedule.timeZone}" is not an IANA time zone`, { cause });
  }
  try {
    return parseCron(schedule.cron);
  } catch (cause) {
    if (!(cause instanceof CronSyntaxError)) {
      throw cause;
    }
    throw new ScheduleError(`"${schedule.cron}" is not a schedule: ${cause.message}`, { cause });
  }
}
