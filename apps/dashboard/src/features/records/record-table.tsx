import { liveStore } from '../../live/live-store.ts';
import { formatBytes, formatExact } from '../../ui/numbers.ts';
import { formatFull, formatMoment, formatTimeExact } from '../../ui/time.ts';
import { recordId, type RecordRow } from './tail.ts';

/**
 * Records, one line each; a line opens the whole record below. Rows are keyed by their place: when
 * newer records push the others down, only text changes and nothing is laid out anew.
 */
export function RecordTable(props: {
  records: readonly RecordRow[];
  withPartition: boolean;
  chosen: string | undefined;
  onChoose: (record: RecordRow) => void;
}) {
  const { records, withPartition, chosen, onChoose } = props;
  const today = new Date(liveStore.shownAt).toDateString();
  return (
    <div className="record-scroll" tabIndex={0} role="region" aria-label="Records">
      <table className="table dense record-table">
        <thead>
          <tr>
            <th scope="col">Created</th>
            {withPartition && (
              <th scope="col" className="num">
                Part.
              </th>
            )}
            <th scope="col" className="num">
              Offset
            </th>
            <th scope="col" className="col-wide">
              Key
            </th>
            <th scope="col" className="wide">
              Value
            </th>
            <th scope="col" className="num col-wide">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record, row) => {
            const id = recordId(record);
            const isToday = new Date(record.timestamp).toDateString() === today;
            return (
              <tr
                key={row}
                className="row-link"
                data-selected={id === chosen}
                onClick={() => onChoose(record)}
              >
                <td title={formatFull(record.timestamp)}>
                  <button type="button" className="row-button" data-row>
                    {isToday ? formatTimeExact(record.timestamp) : formatMoment(record.timestamp)}
                  </button>
                </td>
                {withPartition && <td className="num quiet">{record.partition}</td>}
                <td className="num">{formatExact(record.offset)}</td>
                <td className="code key col-wide">{dataText(record.key)}</td>
                <td className="code wide">{dataText(record.value)}</td>
                <td className="num quiet col-wide">
                  {formatBytes((record.key?.sizeBytes ?? 0) + (record.value?.sizeBytes ?? 0))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** One line of a key or value: null is said, bytes that are no text are counted. */
export function dataText(data: RecordRow['key']): string {
  if (!data) return 'null';
  if (data.text === null) return `${formatBytes(data.sizeBytes)} of binary`;
  return data.text.length > 400 ? `${data.text.slice(0, 400)}…` : data.text;
}
