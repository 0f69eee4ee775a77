import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { PauseScheduleDocument, ResumeScheduleDocument } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { liveStore } from '../../live/live-store.ts';
import { formatDuration, formatPlural } from '../../ui/numbers.ts';
import { groupLooks, runLooks, StateMark } from '../../ui/state-mark.tsx';
import { formatMoment } from '../../ui/time.ts';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import type { JobDetail } from './queries.ts';

/** The schedule in words, with its next times in its own zone, and which it passed over. */
export function ScheduleNote({ job }: { job: JobDetail }) {
  if (job.scheduleText === null) {
    return <p className="schedule-note">Runs by hand only. {windowWords(job)}</p>;
  }
  return (
    <div className="schedule-note">
      <p>
        Runs <b>{job.scheduleText}</b>, next{' '}
        {job.nextRunsAt.map((at) => timeIn(job, at)).join(', ')}. {windowWords(job)}{' '}
        {missedWords(job)}
      </p>
      <PauseSchedule job={job} />
    </div>
  );
}

/** What stands in the way of the schedule; nothing when it runs as it should. */
export function ScheduleProblem({ job, now }: { job: JobDetail; now: number }) {
  const { blockedBy, problem, paused, state } = job;
  if (blockedBy !== null) {
    return (
      <div className="problem" role="status">
        <StateMark look={runLooks.FAILED} word="Blocked" />
        <span>
          <Link
            to="/ui/batch-jobs/$name"
            params={{ name: job.name }}
            search={(before) => ({ ...before, run: blockedBy.id })}
          >
            The run of {formatMoment(blockedBy.createdAt, now)}
          </Link>{' '}
          did not succeed. Later runs wait for it, and take all records since, when it is retried or
          restarted.
        </span>
      </div>
    );
  }
  if (paused) {
    return (
      <div className="problem" role="status">
        <StateMark look={groupLooks.PAUSED} />
        <span>
          Due times are passed over; the first run after it is resumed takes their records.
        </span>
      </div>
    );
  }
  if (problem !== null) {
    return (
      <div className="problem" role="status">
        <StateMark look={runLooks.WAITING} word="Due" />
        <span>A run is due and could not be made: {problem}</span>
      </div>
    );
  }
  return state === 'LATE' ? (
    <div className="problem" role="status">
      <StateMark look={groupLooks.FALLING_BEHIND} word="Late" />
      <span>
        No run has succeeded within {formatDuration(job.choices.deadlineMs)} of its due time.
      </span>
    </div>
  ) : null;
}

function windowWords(job: JobDetail): string {
  return job.choices.window === 'ALL'
    ? 'Each run reads the whole log.'
    : 'Each run reads what no run before it has read.';
}

function missedWords(job: JobDetail): string {
  const [last] = job.skippedTicks;
  if (last === undefined) return '';
  const reasons = {
    OVERLAP: 'the run before had not ended',
    PAUSED: 'it was paused',
    CATCH_UP: 'only the latest counts',
  } as const;
  const times = formatPlural(last.ticks, 'due time');
  return `Passed over last: ${times} up to ${timeIn(job, last.dueAt)}, because ${reasons[last.reason]}.`;
}

/**
 * `20 Nov 02:00 CET`, with the year when it is another one. A schedule's times are those of its
 * zone, whatever the page shows.
 */
function timeIn(job: JobDetail, at: number): string {
  const timeZone = job.timeZone ?? 'UTC';
  const year = new Intl.DateTimeFormat('en-GB', { timeZone, year: 'numeric' });
  const isThisYear = year.format(at) === year.format(liveStore.shownAt);
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'short',
    ...(isThisYear ? {} : { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
    .format(at)
    .replace(',', '');
}

function PauseSchedule({ job }: { job: JobDetail }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: async () =>
      job.paused
        ? (await request(ResumeScheduleDocument, { job: job.name })).resumeSchedule
        : (await request(PauseScheduleDocument, { job: job.name })).pauseSchedule,
    onSuccess: (result) => {
      if (result.__typename !== 'BatchJob') toastFailed(result.message);
      else toastDone(job.paused ? 'The schedule goes on.' : 'The schedule is paused.');
      void client.invalidateQueries({ queryKey: ['jobs'] });
    },
    onError: (error) => toastFailed(error.message),
  });
  const Icon = job.paused ? IconPlayerPlay : IconPlayerPause;
  return (
    <button
      type="button"
      className="btn btn-small"
      disabled={change.isPending}
      onClick={() => change.mutate()}
    >
      <Icon size={14} stroke={1.75} aria-hidden="true" />{' '}
      {job.paused ? 'Resume schedule' : 'Pause schedule'}
    </button>
  );
}
