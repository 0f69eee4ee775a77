import { Link } from '@tanstack/react-router';
import type { GroupHealth } from '../../generated/graphql.ts';
import { LogRuler } from '../../ui/log-ruler.tsx';
import { formatExact } from '../../ui/numbers.ts';
import { openRow } from '../../ui/open-row.ts';
import { Section } from '../../ui/section.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { isProblem } from './health.ts';
import { partitionSums, type GroupPartition } from './queries.ts';

/** Exact offsets per partition: log end − committed = lag, in each row and in the sum. */
export function PartitionTable(props: {
  partitions: readonly GroupPartition[];
  numbers: ReadonlyMap<string, number>;
  health: GroupHealth;
}) {
  const { partitions, numbers, health } = props;
  const sums = partitionSums(partitions);
  const topics = new Set(partitions.map((p) => p.topic));
  const most = Math.max(1, ...partitions.map((p) => p.lag ?? 0));
  const behind = isProblem(health);
  if (partitions.length === 0) {
    return (
      <Section title="Partitions">
        <p className="quiet">No partition is assigned and no offset is committed yet.</p>
      </Section>
    );
  }
  return (
    <Section
      title="Partitions"
      hint="log end − committed = lag; the ruler runs from log start to log end"
    >
      <TableScroll label="Table of partitions">
        <table className="table dense bleed">
          <thead>
            <tr>
              <th scope="col">Partition</th>
              <th scope="col" className="col-wide">
                Member
              </th>
              <th scope="col" className="col-wide" style={{ width: '36%' }}>
                Log, committed offset marked
              </th>
              <th scope="col" className="num">
                Lag
              </th>
              <th scope="col" className="col-wide" style={{ width: 66 }}>
                <span className="visually-hidden">Share of the largest lag</span>
              </th>
              <th scope="col" className="num">
                Committed
              </th>
              <th scope="col" className="num">
                Log end
              </th>
            </tr>
          </thead>
          <tbody>
            {partitions.map((p) => (
              <PartitionRow
                key={`${p.topic}/${p.partition}`}
                partition={p}
                withTopic={topics.size > 1}
                member={p.memberId === null ? undefined : numbers.get(p.memberId)}
                most={most}
                behind={behind}
                isWorst={behind && partitions.length > 1 && p.lag === most && most > 1}
              />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>{partitions.length}</td>
              <td colSpan={2} className="col-wide soft" style={{ fontWeight: 400 }}>
                all partitions
              </td>
              <td
                className="num"
                data-live
                data-metric="lag-sum"
                data-value={sums.lag ?? undefined}
              >
                {formatExact(sums.lag)}
              </td>
              <td className="col-wide" />
              <td className="num" style={{ fontWeight: 400 }} data-live>
                {formatExact(sums.committed)}
              </td>
              <td className="num" style={{ fontWeight: 400 }} data-live>
                {formatExact(sums.end)}
              </td>
            </tr>
          </tfoot>
        </table>
      </TableScroll>
    </Section>
  );
}

function PartitionRow(props: {
  partition: GroupPartition;
  withTopic: boolean;
  member: number | undefined;
  most: number;
  behind: boolean;
  isWorst: boolean;
}) {
  const { partition: p, withTopic, member, most, behind, isWorst } = props;
  return (
    <tr className="row-link" data-tone={isWorst ? 'behind' : undefined} onClick={openRow}>
      <th scope="row">
        <Link
          to="/ui/topics/$name"
          params={{ name: p.topic }}
          search={{ partition: p.partition }}
          title={`${p.topic}, partition ${p.partition}`}
          data-row
        >
          {withTopic ? `${p.topic} ` : ''}p{p.partition}
        </Link>
      </th>
      <td className="col-wide soft">{member ?? <span className="quiet">none</span>}</td>
      <td className="col-wide" style={{ paddingRight: 16 }}>
        <LogRuler
          start={p.startOffset}
          committed={p.committedOffset}
          end={p.endOffset}
          behind={behind}
        />
      </td>
      <td
        className="num"
        data-live
        data-metric="lag"
        data-partition={p.partition}
        data-value={p.lag ?? undefined}
        style={{ fontWeight: isWorst ? 600 : 400 }}
      >
        {formatExact(p.lag)}
      </td>
      <td className="col-wide">
        <svg width="54" height="8" aria-hidden="true">
          <rect
            width={Math.round(((p.lag ?? 0) / most) * 54)}
            height="8"
            fill={behind ? 'var(--behindf)' : 'var(--gate-calm)'}
          />
        </svg>
      </td>
      <td
        className="num soft"
        data-live
        data-metric="committed"
        data-value={p.committedOffset ?? undefined}
      >
        {formatExact(p.committedOffset)}
      </td>
      <td className="num soft" data-live data-metric="end" data-value={p.endOffset ?? undefined}>
        {formatExact(p.endOffset)}
      </td>
    </tr>
  );
}
