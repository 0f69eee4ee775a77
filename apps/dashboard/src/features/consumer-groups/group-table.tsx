import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { LiveGroup } from '../../live/live-store.ts';
import { Gate } from '../../ui/gate.tsx';
import { formatExact, formatRate, formatRateValue } from '../../ui/numbers.ts';
import { openRow } from '../../ui/open-row.ts';
import { Sparkline } from '../../ui/sparkline.tsx';
import { groupLooks, StateMark } from '../../ui/state-mark.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { isProblem } from './health.ts';
import { pipelineGroupsQuery } from './queries.ts';

/** Groups in the order given: state, lag, the gate, members, and 15 minutes of lag. */
export function GroupTable({ groups }: { groups: readonly LiveGroup[] }) {
  const { data: own } = useQuery(pipelineGroupsQuery);
  return (
    <TableScroll label="Table of groups">
      <table className="table bleed">
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Lag
            </th>
            <th scope="col" className="num col-wide">
              In/s
            </th>
            <th scope="col" className="col-wide" style={{ width: 72 }}>
              <span className="visually-hidden">In against out</span>
            </th>
            <th scope="col" className="num col-wide">
              Out/s
            </th>
            <th scope="col" className="num col-wide">
              Members
            </th>
            <th scope="col" className="col-wide" style={{ width: 76, paddingLeft: 16 }}>
              15 min
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <GroupRow
              key={group.groupId}
              group={group}
              external={own !== undefined && !own.includes(group.groupId)}
            />
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

const sparkColors: Partial<Record<LiveGroup['health'], string>> = {
  FALLING_BEHIND: 'var(--behindf)',
  STALLED: 'var(--failf)',
  STOPPED: 'var(--failf)',
  NO_MEMBERS: 'var(--failf)',
  CATCHING_UP: 'var(--catchf)',
  PAUSED: 'var(--pausef)',
};

function GroupRow({ group, external }: { group: LiveGroup; external: boolean }) {
  const look = groupLooks[group.health];
  const tinted = isProblem(group.health) ? look.tone : undefined;
  return (
    <tr className="row-link" data-tone={tinted} onClick={openRow}>
      <th scope="row">
        <Link
          to="/ui/consumer-groups/$groupId"
          params={{ groupId: group.groupId }}
          title={group.groupId}
          data-row
        >
          {group.groupId}
        </Link>{' '}
        {external && (
          <span className="tag col-wide" title="Not one of this installation's pipelines">
            external
          </span>
        )}
      </th>
      <td style={{ fontWeight: 400 }}>
        <StateMark look={look} />
      </td>
      <td
        className="num"
        data-live
        data-metric="lag"
        data-group={group.groupId}
        data-value={group.lag ?? undefined}
        title="Log end minus committed offset, all partitions"
      >
        {formatExact(group.lag)}
      </td>
      <td
        className="num col-wide"
        data-live
        title={`${formatRate(group.inPerSecond)} arriving, mean of the last 10 s`}
      >
        {formatRateValue(group.inPerSecond)}
      </td>
      <td className="col-wide">
        <Gate
          arriving={group.inPerSecond}
          consumed={group.outPerSecond}
          state={
            group.health === 'PAUSED' ? 'paused' : group.health === 'KEEPING_UP' ? 'calm' : 'uneven'
          }
        />
      </td>
      <td
        className="num col-wide"
        data-live
        title={`${formatRate(group.outPerSecond)} consumed, mean of the last 10 s`}
      >
        {formatRateValue(group.outPerSecond)}
      </td>
      <td className="num col-wide" data-live>
        {group.members}
      </td>
      <td className="col-wide" style={{ paddingLeft: 16 }}>
        <Sparkline
          series={{ kind: 'GROUP', subject: group.groupId, metric: 'LAG' }}
          color={sparkColors[group.health] ?? 'var(--ctl)'}
        />
      </td>
    </tr>
  );
}
