import { Link } from '@tanstack/react-router';
import { formatExact } from '../../ui/numbers.ts';
import type { RecordRow } from './tail.ts';

const prefix = 'penstock.errors.';

/**
 * Where the record lies that a dead letter was made of, as its headers say; nothing for other
 * records.
 */
export function DeadLetterSource({ headers }: { headers: RecordRow['headers'] }) {
  const text = (name: string) =>
    headers.find((header) => header.key === prefix + name)?.value?.text ?? '';
  const [topic, partition, offset] = ['topic', 'partition', 'offset'].map(text);
  if (!topic || !/^\d+$/.test(partition ?? '') || !/^\d+$/.test(offset ?? '')) return null;
  return (
    <>
      <dt>dead letter of</dt>
      <dd>
        <Link
          to="/ui/topics/$name"
          params={{ name: topic }}
          search={{
            mode: 'offset',
            partition: Number(partition),
            offset: Number(offset),
            record: `${partition}-${offset}`,
          }}
        >
          {topic} p{partition} · {formatExact(Number(offset))}
        </Link>
      </dd>
    </>
  );
}
