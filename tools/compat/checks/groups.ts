import type { Driver } from '../driver.ts';
import {
  base64,
  expectEqual,
  expectRefusal,
  expectTrue,
  numberedRecords,
  type Capability,
  type CheckContext,
} from '../check.ts';
import type { JoinRequest, Polled, ReadRecord } from '../protocol.ts';

const JOIN_MS_MAX = 30_000;
/** Longer than several heartbeats of every client. */
const SETTLING_MS = 1500;

export const groupCapabilities: Capability[] = [
  {
    id: 'group',
    what: 'a member reads all, commits with metadata, and goes on from there',
    check: checkGroup,
  },
  {
    id: 'rebalance',
    what: 'two, then three members share the partitions; one leaves',
    check: checkRebalance,
  },
  {
    id: 'crash',
    what: 'a member is killed: its partitions go to the other one',
    check: checkCrash,
  },
  {
    id: 'static',
    what: 'a static member that comes back does not disturb the other one',
    check: checkStatic,
  },
  {
    id: 'cooperative',
    what: 'a second member joins by the cooperative protocol',
    check: checkCooperative,
  },
  {
    id: 'seek-pause',
    what: 'a member seeks back, pauses and resumes a partition',
    check: checkSeekPause,
  },
  {
    id: 'groups',
    what: 'lists, describes and deletes groups; one with members is not deleted',
    check: checkGroups,
  },
  {
    id: 'grp-offsets',
    what: "lists, alters and deletes a group's offsets, metadata kept",
    check: checkOffsets,
  },
];

/** Polls all members, side by side, until the condition holds. */
async function pollUntil(
  members: readonly Driver[],
  holds: (polled: readonly Polled[]) => boolean,
  what: string,
): Promise<{ polled: Polled[]; records: ReadRecord[][] }> {
  const records: ReadRecord[][] = members.map(() => []);
  const deadline = performance.now() + JOIN_MS_MAX;
  for (;;) {
    const polled = await Promise.all(members.map((member) => member.do('poll', { ms: 200 })));
    for (const [index, one] of polled.entries()) records[index]!.push(...one.records);
    if (holds(polled)) return { polled, records };
    if (performance.now() > deadline) {
      const seen = polled.map(({ assigned }) => assigned.map(([, partition]) => partition));
      throw new Error(`${what} did not come; assigned: ${JSON.stringify(seen)}`);
    }
  }
}

/** Polls all members for a while, for what is still under way; returns what each was told last. */
async function pollWhile(members: readonly Driver[], ms: number): Promise<Polled[]> {
  const deadline = performance.now() + ms;
  for (;;) {
    const polled = await Promise.all(members.map((member) => member.do('poll', { ms: 200 })));
    if (performance.now() > deadline) return polled;
  }
}

/**
 * Each partition has exactly one owner, and every member owns as many as any other, or one less.
 */
function isShared(polled: readonly Polled[], partitions: number): boolean {
  const owned = polled.flatMap(({ assigned }) => assigned.map(([, partition]) => partition));
  const fair = polled.every(
    ({ assigned }) => assigned.length >= Math.floor(partitions / polled.length),
  );
  return fair && owned.length === partitions && new Set(owned).size === partitions;
}

const partitionsOf = ({ assigned }: Polled): number[] =>
  assigned.map(([, partition]) => partition).sort((a, b) => a - b);

async function fill(context: CheckContext, topic: string, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    await context.driver.do('produce', { topic, partition, records: numberedRecords(10) });
  }
}

async function checkGroup(context: CheckContext): Promise<void> {
  context.needs('group members');
  const topic = await context.topic('group');
  await fill(context, topic, 1);
  const group = context.name('group');
  const place = { topic, partition: 0 };
  const first = context.another();
  await first.do('join', { group, topics: [topic] });
  let seen = 0;
  const { records } = await pollUntil(
    [first],
    ([polled]) => (seen += polled!.records.length) >= 10,
    'ten records',
  );
  expectEqual(
    records[0]!.map(({ offset }) => offset),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    'offsets',
  );
  if (!context.offers('manual commits')) return;
  await first.do('commit', { ...place, offset: 4, metadata: 'höchstens "4"' });
  const committed = await first.do('committed', place);
  expectEqual(committed.offset, 4, 'committed offset');
  if (context.offers('commit metadata')) {
    expectEqual(committed.metadata, 'höchstens "4"', 'metadata');
  }
  await first.do('leave', {});
  const second = context.another();
  await second.do('join', { group, topics: [topic] });
  const next = await pollUntil([second], ([polled]) => polled!.records.length > 0, 'a record');
  expectEqual(next.records[0]![0]?.offset, 4, 'first offset of the next member');
  await second.do('leave', {});
}

async function checkRebalance(context: CheckContext): Promise<void> {
  context.needs('group members');
  const topic = await context.topic('rebalance', 6);
  await fill(context, topic, 6);
  const group = context.name('rebalance');
  const members = [context.another(), context.another()];
  for (const member of members) await member.do('join', { group, topics: [topic] });
  await pollUntil(members, (polled) => isShared(polled, 6), 'three partitions each');
  const third = context.another();
  await third.do('join', { group, topics: [topic] });
  members.push(third);
  await pollUntil(members, (polled) => isShared(polled, 6), 'two partitions each');
  await third.do('leave', {});
  const left = members.slice(0, 2);
  await pollUntil(left, (polled) => isShared(polled, 6), 'three partitions each, again');
  for (const member of left) await member.do('leave', {});
}

async function checkCrash(context: CheckContext): Promise<void> {
  context.needs('group members');
  const topic = await context.topic('crash', 4);
  const group = context.name('crash');
  const [victim, survivor] = [context.another(), context.another()];
  for (const member of [victim, survivor]) {
    await member.do('join', { group, topics: [topic], sessionTimeoutMs: 6000 });
  }
  await pollUntil([victim, survivor], (polled) => isShared(polled, 4), 'two partitions each');
  const before = performance.now();
  await victim.kill();
  await pollUntil([survivor], (polled) => isShared(polled, 4), 'all partitions for the survivor');
  const seconds = (performance.now() - before) / 1000;
  expectTrue(
    seconds < 15,
    `the partitions came after ${seconds.toFixed(0)} s, session timeout 6 s`,
  );
  await survivor.do('leave', {});
}

async function checkStatic(context: CheckContext): Promise<void> {
  context.needs('static membership');
  const topic = await context.topic('static', 4);
  const group = context.name('static');
  const join = { group, topics: [topic], sessionTimeoutMs: 20_000 };
  const [first, second] = [context.another(), context.another()];
  await first.do('join', { ...join, instanceId: 'one' });
  await second.do('join', { ...join, instanceId: 'two' });
  await pollUntil([first, second], (now) => isShared(now, 4), 'two partitions each');
  const polled = await pollWhile([first, second], SETTLING_MS);
  const rebalances = polled[0]!.rebalances;
  await second.kill();
  const again = context.another();
  await again.do('join', { ...join, instanceId: 'two' });
  const after = await pollUntil([first, again], (now) => isShared(now, 4), 'the same partitions');
  expectEqual(partitionsOf(after.polled[1]!), partitionsOf(polled[1]!), 'assignment');
  const [stayed] = await pollWhile([first, again], SETTLING_MS);
  expectEqual(stayed!.rebalances, rebalances, 'rebalances of the member that stayed');
  await first.do('leave', {});
  await again.do('leave', {});
}

async function checkCooperative(context: CheckContext): Promise<void> {
  context.needs('cooperative rebalancing');
  const topic = await context.topic('cooperative', 4);
  await fill(context, topic, 4);
  const group = context.name('cooperative');
  const join: JoinRequest = { group, topics: [topic], strategy: 'cooperative' };
  const [first, second] = [context.another(), context.another()];
  await first.do('join', join);
  const all: ReadRecord[] = [];
  const alone = await pollUntil([first], (polled) => isShared(polled, 4), 'all partitions');
  await second.do('join', join);
  const both = await pollUntil([first, second], (polled) => isShared(polled, 4), 'two each');
  const kept = both.polled[0]!.assigned.map(([, partition]) => partition);
  const had = alone.polled[0]!.assigned.map(([, partition]) => partition);
  expectTrue(
    kept.every((partition) => had.includes(partition)),
    'the first member kept its own',
  );
  all.push(...alone.records.flat(), ...both.records.flat());
  expectTrue(
    all.every(({ value }) => value !== null),
    'records came along the way',
  );
  await second.do('leave', {});
  await pollUntil([first], (polled) => isShared(polled, 4), 'all partitions, again');
  await first.do('leave', {});
}

async function checkSeekPause(context: CheckContext): Promise<void> {
  context.needs('group members');
  context.needs('seeking');
  const topic = await context.topic('seek-pause');
  await fill(context, topic, 1);
  const place = { topic, partition: 0 };
  const member = context.another();
  await member.do('join', { group: context.name('seek-pause'), topics: [topic] });
  let seen = 0;
  await pollUntil([member], ([one]) => (seen += one!.records.length) >= 10, 'ten records');
  await member.do('seek', { ...place, offset: 6 });
  const back = await pollUntil([member], ([one]) => one!.records.length > 0, 'records again');
  expectEqual(back.records[0]![0]?.offset, 6, 'first offset after the seek');
  if (context.offers('pausing')) {
    while ((await member.do('poll', { ms: 300 })).records.length > 0);
    await member.do('pause', place);
    await context.driver.do('produce', {
      ...place,
      records: [{ key: null, value: base64('while paused') }],
    });
    expectEqual((await member.do('poll', { ms: 700 })).records, [], 'records while paused');
    await member.do('resume', place);
    const late = await pollUntil([member], ([one]) => one!.records.length > 0, 'the late record');
    expectEqual(late.records[0]![0]?.offset, 10, 'its offset');
  }
  await member.do('leave', {});
}

async function checkGroups(context: CheckContext): Promise<void> {
  const { driver } = context;
  context.needs('group members');
  const topic = await context.topic('groups');
  await fill(context, topic, 1);
  const group = context.name('groups');
  const member = context.another();
  await member.do('join', { group, topics: [topic] });
  let seen = 0;
  await pollUntil([member], ([one]) => (seen += one!.records.length) >= 10, 'ten records');
  expectTrue((await driver.do('groups', {})).names.includes(group), 'the group is not listed');
  const described = await driver.do('group', { group });
  expectEqual([described.state.toLowerCase(), described.members], ['stable', 1], 'with a member');
  await context.offersCall(
    'deleting groups',
    expectRefusal(
      driver.do('deleteGroup', { group }),
      /nonempty|notempty|code68/i,
      'deletion of a group with a member',
    ),
  );
  await member.do('commit', { topic, partition: 0, offset: 3 });
  await member.do('leave', {});
  const empty = await driver.do('group', { group });
  expectEqual([empty.state.toLowerCase(), empty.members], ['empty', 0], 'without a member');
  const deletion = driver.do('deleteGroup', { group });
  if (!(await context.offersCall('deleting groups', deletion))) return;
  expectTrue(!(await driver.do('groups', {})).names.includes(group), 'the group is still listed');
}

async function checkOffsets(context: CheckContext): Promise<void> {
  const { driver } = context;
  const topic = await context.topic('group-offsets');
  const group = context.name('group-offsets');
  const place = { topic, partition: 0 };
  const metadata = context.offers('metadata of altered offsets') ? 'by hand' : '';
  await driver.do('setGroupOffset', { group, ...place, offset: 17, metadata });
  const found = await driver.do('groupOffsets', { group, ...place });
  expectEqual(found.offsets, [{ ...place, offset: 17, metadata }], 'offsets of the group');
  const deletion = driver.do('deleteGroupOffset', { group, ...place });
  if (!(await context.offersCall('deleting offsets', deletion))) return;
  const left = await driver.do('groupOffsets', { group, ...place });
  expectEqual(
    left.offsets.filter(({ offset }) => offset >= 0),
    [],
    'offsets after deletion',
  );
}
