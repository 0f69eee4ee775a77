import { useId, useState } from 'react';
import { formatBytes, formatExact, formatRateValue } from '../../ui/numbers.ts';
import { Section } from '../../ui/section.tsx';
import type { BrowsedTopic, Partition } from './browsed-topic.ts';

/**
 * Partitions, each a filter of the records; the bar is its share of what is kept, the dash an even
 * share.
 */
export function PartitionList(props: {
  topic: BrowsedTopic;
  rates: ReadonlyMap<number, number>;
  chosen: number | undefined;
  onChoose: (partition: number | undefined) => void;
}) {
  const { topic, rates, chosen, onChoose } = props;
  const kept = (p: Partition) => Math.max(0, (p.endOffset ?? 0) - (p.startOffset ?? 0));
  const total = topic.partitions.reduce((sum, p) => sum + kept(p), 0);
  const most = Math.max(1, ...topic.partitions.map(kept));
  const ends = topic.partitions.reduce((sum, p) => sum + (p.endOffset ?? 0), 0);
  const even = total / Math.max(1, topic.partitions.length) / most;
  const [isOpen, setOpen] = useState(false);
  const tableId = useId();
  return (
    <div className="partitions" data-open={isOpen}>
      <Section
        title={chosen === undefined ? 'Partitions' : `Partition ${chosen}`}
        hint="share of the records kept, even share dashed"
        aside={
          <button
            type="button"
            className="btn btn-small fold"
            aria-expanded={isOpen}
            aria-controls={tableId}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Fold' : `Choose of ${topic.partitions.length}`}
          </button>
        }
      >
        <table className="table dense" id={tableId}>
          <PartitionHead />
          <tbody>
            {topic.partitions.map((p) => (
              <tr key={p.partition} data-selected={p.partition === chosen}>
                <th scope="row">
                  <label className="partition">
                    <input
                      type="checkbox"
                      checked={p.partition === chosen}
                      onChange={() => onChoose(p.partition === chosen ? undefined : p.partition)}
                    />
                    p{p.partition}
                  </label>
                </th>
                <td
                  className="num"
                  data-metric="end"
                  data-partition={p.partition}
                  data-value={p.endOffset ?? undefined}
                  title={
                    p.error ?? `log start ${formatExact(p.startOffset)}, leader ${p.leader ?? '—'}`
                  }
                >
                  {p.error === null ? (
                    formatExact(p.endOffset)
                  ) : (
                    <span className="tone-fail">not readable</span>
                  )}
                </td>
                <td>
                  <ShareBar share={kept(p) / most} even={even} chosen={p.partition === chosen} />
                </td>
                <td className="num">{formatRateValue(rates.get(p.partition))}</td>
                <td className="num quiet">{formatBytes(p.sizeBytes)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>{topic.partitions.length}</td>
              <td className="num">{formatExact(ends)}</td>
              <td />
              <td className="num">
                {formatRateValue(
                  rates.size === 0 ? null : [...rates.values()].reduce((a, b) => a + b, 0),
                )}
              </td>
              <td className="num quiet">{formatBytes(topic.sizeBytes)}</td>
            </tr>
          </tfoot>
        </table>
      </Section>
    </div>
  );
}

function ShareBar({ share, even, chosen }: { share: number; even: number; chosen: boolean }) {
  return (
    <svg width="64" height="10" aria-hidden="true">
      <rect
        y="1"
        width={Math.round(share * 62)}
        height="8"
        fill={chosen ? 'var(--accf)' : 'var(--line2)'}
      />
      <line
        x1={even * 62}
        x2={even * 62}
        y1="0"
        y2="10"
        stroke="var(--ctl)"
        strokeDasharray="2 1.5"
      />
    </svg>
  );
}

function PartitionHead() {
  return (
    <thead>
      <tr>
        <th scope="col">
          <span className="visually-hidden">Partition</span>
        </th>
        <th scope="col" className="num">
          Log end
        </th>
        <th scope="col" style={{ width: 74 }}>
          <span className="visually-hidden">Share</span>
        </th>
        <th scope="col" className="num">
          In/s
        </th>
        <th scope="col" className="num">
          Size
        </th>
      </tr>
    </thead>
  );
}
