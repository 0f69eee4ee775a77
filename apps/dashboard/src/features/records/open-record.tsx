import { useQuery } from '@tanstack/react-query';
import { formatExact } from '../../ui/numbers.ts';
import { SectionError } from '../../ui/section.tsx';
import type { BrowsedTopic } from './browsed-topic.ts';
import { parseRecordId, recordQuery, useChangeSearch } from './record-search.ts';
import { RecordView } from './record-view.tsx';
import { recordId, type RecordRow } from './tail.ts';

/**
 * The record that the URL names: as it was chosen in the list, else read from the log by itself.
 */
export function OpenRecord(props: { topic: BrowsedTopic; id: string; known: RecordRow | null }) {
  const { topic, id, known } = props;
  const change = useChangeSearch();
  const close = () => change({ record: undefined });
  const isKnown = known !== null && known.topic === topic.name && recordId(known) === id;
  const at = parseRecordId(id);
  const { data, error, refetch } = useQuery({
    ...recordQuery(topic.name, at ?? { partition: 0, offset: 0 }),
    enabled: at !== null && !isKnown,
  });
  const record = isKnown ? known : data;
  if (record) return <RecordView record={record} onClose={close} />;
  if (at && error) {
    return <SectionError what="The record" error={error} retry={() => void refetch()} />;
  }
  if (at && data === undefined) return null;
  return (
    <div className="notice" role="status">
      <div>
        <b>The record {id} is not there.</b>
        <p>{at ? missingWords(topic, at) : 'A record is named by partition and offset: 7-1000.'}</p>
      </div>
      <button type="button" className="btn btn-small" onClick={close}>
        Close
      </button>
    </div>
  );
}

function missingWords(topic: BrowsedTopic, at: { partition: number; offset: number }): string {
  const log = topic.partitions.find(({ partition }) => partition === at.partition);
  if (!log) return `The topic has no partition ${at.partition}.`;
  const { startOffset, endOffset } = log;
  if (startOffset === null || endOffset === null || startOffset === endOffset) {
    return `Partition ${at.partition} holds no record.`;
  }
  const held = `${formatExact(startOffset)} to ${formatExact(endOffset - 1)}`;
  return `Partition ${at.partition} holds the offsets ${held}, without those that compaction removed.`;
}
