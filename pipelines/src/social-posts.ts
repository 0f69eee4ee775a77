import { pipeline, type ProcessContext, z } from '@penstock/pipelines';
import { eventTime, Id, msOf, Time, timeOf } from './sample-fields.ts';

const SPACING_MS = 5 * 60_000;
const DONE_KEPT_MS = 35 * 24 * 3_600_000;

const Post = z.looseObject({
  postId: Id,
  account: Id,
  text: z.string(),
  publishAt: Time,
  action: z.enum(['schedule', 'cancel']),
  time: Time,
});

interface PendingPost {
  readonly postId: string;
  readonly text: string;
  /** ms since epoch */
  readonly publishAt: number;
  /** Where its entry stands among those with the same `publishAt`. */
  readonly place: readonly [time: number, partition: number, offset: number];
  plannedFor: number;
}

interface AccountState {
  pending: PendingPost[];
  /** When the newest post was planned that was published, ms since epoch. */
  lastPlanned: number | null;
  /** Posts that were published or cancelled, with the time of that. */
  done: [postId: string, ms: number][];
}

type PublishedPost = Readonly<
  Record<'postId' | 'account' | 'text' | 'plannedFor' | 'publishedAt', string>
>;
type Context = ProcessContext<AccountState, PublishedPost>;

/**
 * Each post appears at its time by the clock, five minutes after the one before at the earliest.
 * Entries count as they come, so that a post need not wait for those that could still be late: the
 * plan of what is pending is made anew with each, and is the same in whatever order they came.
 * Schedules of a published or cancelled post are ignored for 35 days.
 */
export const socialPosts = pipeline('social-posts', {
  description: 'Publishes posts at the times that they were planned for.',
  schedule: { cron: '* * * * *', timeZone: 'UTC' },
  partitions: 3,
})
  .from('scheduled-posts', { schema: Post, eventTime })
  .keyBy('account', ({ account }) => account)
  .process('plan', {
    state: (): AccountState => ({ pending: [], lastPlanned: null, done: [] }),
    late: 'apply',
    onRecord: ({ postId, text, publishAt, action }, context: Context) => {
      const { state, eventTime: ms, partition, offset } = context;
      state.done = state.done.filter(([, at]) => at > context.now() - DONE_KEPT_MS);
      if (state.done.some(([id]) => id === postId)) return;
      state.pending = state.pending.filter((post) => post.postId !== postId);
      if (action === 'cancel') {
        state.done.push([postId, context.now()]);
      } else {
        const place = [ms, partition, offset] as const;
        state.pending.push({ postId, text, publishAt: msOf(publishAt), place, plannedFor: 0 });
      }
      planAnew(context);
    },
    onTimer: (_: null, context: Context) => {
      const { state, eventTime: due, run, key: account } = context;
      const publishedAt = timeOf(run?.nominalAt ?? due);
      for (const { postId, text, plannedFor } of state.pending) {
        if (plannedFor > due) break;
        context.emit({ postId, account, text, plannedFor: timeOf(plannedFor), publishedAt });
        state.lastPlanned = plannedFor;
        state.done.push([postId, due]);
      }
      state.pending = state.pending.filter(({ plannedFor }) => plannedFor > due);
    },
  })
  .to('published-posts', { id: ({ account, postId }) => `${account}/${postId}` });

/** Plans what is pending, by the wish for its time, and sets a timer for each. */
function planAnew({ state, schedule }: Context): void {
  state.pending.sort((one, other) => one.publishAt - other.publishAt || byPlace(one, other));
  let before = state.lastPlanned ?? -Infinity;
  for (const post of state.pending) {
    post.plannedFor = Math.max(post.publishAt, before + SPACING_MS);
    before = post.plannedFor;
    schedule(post.plannedFor);
  }
}

function byPlace({ place: one }: PendingPost, { place: other }: PendingPost): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}
