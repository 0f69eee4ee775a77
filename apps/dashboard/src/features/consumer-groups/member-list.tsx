import { formatCount, formatExact } from '../../ui/numbers.ts';
import { Section } from '../../ui/section.tsx';
import type { Group, GroupPartition } from './queries.ts';
import './members.css';

/** Members by number, in the order of their ids, so that a number stays while the group stands. */
export function memberNumbers(members: Group['members']): Map<string, number> {
  const ids = members.map((member) => member.memberId).toSorted();
  return new Map(ids.map((id, index) => [id, index + 1]));
}

const chipsMax = 12;

/** Who reads what, and how much of the lag lies with whom. */
export function MemberList(props: {
  group: Group;
  partitions: readonly GroupPartition[];
  numbers: ReadonlyMap<string, number>;
}) {
  const { group, partitions, numbers } = props;
  const members = group.members.toSorted(
    (a, b) => (numbers.get(a.memberId) ?? 0) - (numbers.get(b.memberId) ?? 0),
  );
  const several = new Set(partitions.map((p) => p.topic)).size > 1;
  return (
    <Section title="Members" hint={group.protocol ?? undefined}>
      {members.length === 0 && (
        <p className="quiet">No member now. Committed offsets are kept until they expire.</p>
      )}
      <ul className="members">
        {members.map((member) => (
          <Member
            key={member.memberId}
            member={member}
            number={numbers.get(member.memberId) ?? 0}
            partitions={partitions}
            withTopic={several}
          />
        ))}
      </ul>
    </Section>
  );
}

function Member(props: {
  member: Group['members'][number];
  number: number;
  partitions: readonly GroupPartition[];
  withTopic: boolean;
}) {
  const { member, number, partitions, withTopic } = props;
  const isOwn = (p: GroupPartition) =>
    member.assignments.some((own) => own.topic === p.topic && own.partition === p.partition);
  const lags = partitions.filter(isOwn).map((p) => p.lag);
  const known = lags.filter((lag): lag is number => lag !== null);
  const lag = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  const shown = member.assignments.slice(0, chipsMax);
  return (
    <li>
      <div className="head">
        <b>Member {number}</b>
        <span className="soft truncate" title={member.memberId}>
          {member.instanceId ?? member.clientId}
        </span>
        <span className="quiet small">{member.clientHost.replace(/^\//, '')}</span>
      </div>
      <div className="body">
        <span className="chips">
          {shown.map((own) => (
            <span className="tag" key={`${own.topic}/${own.partition}`}>
              {withTopic ? `${own.topic} ` : ''}p{own.partition}
            </span>
          ))}
          {member.assignments.length > chipsMax && (
            <span className="quiet small">and {member.assignments.length - chipsMax} more</span>
          )}
          {member.assignments.length === 0 && (
            <span className="quiet small">idle: no partition</span>
          )}
        </span>
        <span className="soft small" data-live title={`${formatExact(lag)} records`}>
          lag {formatCount(lag)}
        </span>
      </div>
    </li>
  );
}
