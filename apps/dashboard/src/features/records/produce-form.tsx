import { Drawer, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ProduceRecordDocument, type ProduceRecordInput } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { formatExact } from '../../ui/numbers.ts';
import { toastDone } from '../../ui/toast.tsx';
import type { BrowsedTopic } from './browsed-topic.ts';
import '../../ui/dialog.css';
import '../../ui/select.css';

/** Lines `name: value` as headers; lines without a name are left out. */
export function parseHeaderLines(text: string): { key: string; value: string }[] {
  return text
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => {
      const at = line.indexOf(':');
      return { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
    })
    .filter((header) => header.key !== '');
}

const byKey = 'by its key';

/** One record by hand; the form stays open, so that several can be sent one after the other. */
export function ProduceForm({ topic, onClose }: { topic: BrowsedTopic; onClose: () => void }) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('{"hello":"stream"}');
  const [headers, setHeaders] = useState('');
  const [partition, setPartition] = useState(byKey);
  const [isTombstone, setTombstone] = useState(false);
  const produce = useMutation({
    mutationFn: (input: ProduceRecordInput) => request(ProduceRecordDocument, { input }),
    onSuccess: ({ produceRecord: result }) => {
      if (result.__typename !== 'RecordProduced') return;
      toastDone(`Stored in partition ${result.partition} at offset ${formatExact(result.offset)}.`);
    },
  });
  const result = produce.data?.produceRecord;
  const problem = result && result.__typename !== 'RecordProduced' ? result.message : undefined;
  const partitions = Array.from({ length: topic.partitionCount }, (_, index) => String(index));
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={560}
      title={`Produce to ${topic.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          produce.mutate({
            topic: topic.name,
            partition: partition === byKey ? null : Number(partition),
            key: key === '' ? null : key,
            value: isTombstone ? null : value,
            headers: parseHeaderLines(headers),
          });
        }}
      >
        <TextInput
          label="Key"
          description="Records of one key stay in order; empty for none"
          value={key}
          data-autofocus
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <Textarea
          label="Value"
          autosize
          minRows={8}
          maxRows={20}
          value={isTombstone ? '' : value}
          disabled={isTombstone}
          placeholder={isTombstone ? 'null' : ''}
          styles={{ input: { fontFamily: 'var(--mono)', fontSize: 12 } }}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <label className="soft small" style={{ display: 'inline-flex', gap: 8 }}>
          <input
            type="checkbox"
            checked={isTombstone}
            onChange={(event) => setTombstone(event.currentTarget.checked)}
          />
          Value is null: a compacted topic forgets the key
        </label>
        <Textarea
          label="Headers"
          description="One name: value per line"
          autosize
          minRows={2}
          value={headers}
          onChange={(event) => setHeaders(event.currentTarget.value)}
        />
        <NativeSelect
          label="Partition"
          value={partition}
          data={[byKey, ...partitions]}
          onChange={(event) => setPartition(event.currentTarget.value)}
        />
        {(problem ?? produce.error) && (
          <p className="tone-fail" role="alert">
            {problem ?? produce.error?.message}
          </p>
        )}
        <div className="form-actions">
          <button type="button" className="btn" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="btn btn-primary" disabled={produce.isPending}>
            Produce
          </button>
        </div>
      </form>
    </Drawer>
  );
}
