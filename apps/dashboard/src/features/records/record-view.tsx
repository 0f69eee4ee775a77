import { IconCopy, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { formatBytes, formatExact } from '../../ui/numbers.ts';
import { copyText } from '../../ui/section.tsx';
import { formatFull } from '../../ui/time.ts';
import { toastDone } from '../../ui/toast.tsx';
import { systemQuery } from '../system/queries.ts';
import { JsonTree, parseJson } from './json-tree.tsx';
import { DeadLetterSource } from './dead-letter-source.tsx';
import type { RecordRow } from './tail.ts';

/** One record whole: value as a tree when it is JSON, key, headers, times and sizes. */
export function RecordView({ record, onClose }: { record: RecordRow; onClose: () => void }) {
  const { data: system } = useQuery(systemQuery);
  const bootstrap = system?.bootstrapServers ?? 'localhost:9092';
  const command =
    `kcat -C -b ${bootstrap} -t ${record.topic} -p ${record.partition} ` +
    `-o ${record.offset} -c 1 -J`;
  const copy = async () => {
    await copyText(command);
    toastDone('The command that reads this record is copied.');
  };
  return (
    <section
      className="record-view"
      aria-label={`Record ${record.offset} of partition ${record.partition}`}
    >
      <header>
        <h2>
          p{record.partition} · {formatExact(record.offset)}
        </h2>
        <span className="quiet small">created {formatFull(record.timestamp)}</span>
        <span className="aside">
          <button type="button" className="btn btn-small" onClick={() => void copy()}>
            <IconCopy size={14} aria-hidden="true" /> As command
          </button>
          <button
            type="button"
            className="icon-btn"
            aria-label="Close"
            aria-keyshortcuts="Escape"
            data-key="Escape"
            onClick={onClose}
          >
            <IconX size={16} aria-hidden="true" />
          </button>
        </span>
      </header>
      <div className="record-body">
        <div className="record-value" tabIndex={0} role="region" aria-label="Value">
          <DataView data={record.value} />
        </div>
        <dl className="data-list">
          <DeadLetterSource headers={record.headers} />
          <Field name="key">
            <DataView data={record.key} />
          </Field>
          {record.headers.map((header, index) => (
            <Field key={index} name={`header ${header.key}`}>
              <DataView data={header.value} />
            </Field>
          ))}
          <Field name="value size">{formatBytes(record.value?.sizeBytes ?? 0)}</Field>
        </dl>
      </div>
    </section>
  );
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function DataView({ data }: { data: RecordRow['key'] }) {
  if (!data) return <span className="quiet">null</span>;
  if (data.text === null) {
    return (
      <>
        <p className="quiet small">{formatBytes(data.sizeBytes)} that are no text, in base64:</p>
        <pre className="code wrap">{data.base64}</pre>
      </>
    );
  }
  const json = data.truncated ? undefined : parseJson(data.text);
  return (
    <>
      {json === undefined ? (
        <pre className="code wrap">{data.text}</pre>
      ) : (
        <JsonTree value={json} />
      )}
      {data.truncated && (
        <p className="quiet small">cut off; {formatBytes(data.sizeBytes)} in all</p>
      )}
    </>
  );
}
