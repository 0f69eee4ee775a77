import { Drawer, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ProduceRecordDocument, type ProduceRecordInput } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { parsePairs } from '../../ui/line-pairs.ts';
import { formatExact } from '../../ui/numbers.ts';
import { FormFoot } from '../../ui/form-foot.tsx';
import { placeRefusal } from '../../ui/refusal.ts';
import { toastDone } from '../../ui/toast.tsx';
import type { BrowsedTopic } from './browsed-topic.ts';
import '../../ui/dialog.css';
import '../../ui/select.css';

const byKey = 'by its key';
const fields = ['key', 'value', 'headers', 'partition'];

/** One record by hand; the form stays open, so that several can be sent one after the other. */
export function ProduceForm({ topic, onClose }: { topic: BrowsedTopic; onClose: () => void }) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('{"hello":"stream"}');
  const [headers, setHeaders] = useState('');
  const [partition, setPartition] = useState(byKey);
  const [isTombstone, setTombstone] = useState(false);
  const [wrongLine, setWrongLine] = useState<string | null>(null);
  const produce = useProduce();
  const result = produce.data?.produceRecord;
  const problem = result && result.__typename !== 'RecordProduced' ? result : undefined;
  const refusal = placeRefusal(problem, produce.error, fields);
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
          const { pairs, problem: wrong } = parsePairs(headers, ':');
          setWrongLine(wrong);
          if (pairs === null) return;
          produce.mutate({
            topic: topic.name,
            partition: partition === byKey ? null : Number(partition),
            key: key === '' ? null : key,
            value: isTombstone ? null : value,
            headers: pairs.map((pair) => ({ key: pair.name, value: pair.value })),
          });
        }}
        onChange={() => {
          setWrongLine(null);
          produce.reset();
        }}
      >
        <TextInput
          label="Key"
          description="Records of one key stay in order; empty for none"
          value={key}
          error={refusal.beside('key')}
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
          error={refusal.beside('value')}
          placeholder={isTombstone ? 'null' : ''}
          styles={{ input: { fontFamily: 'var(--mono)', fontSize: 12 } }}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <label className="soft small check">
          <input
            type="checkbox"
            checked={isTombstone}
            onChange={(event) => setTombstone(event.currentTarget.checked)}
          />
          Value is null: a compacted topic forgets the key
        </label>
        <Textarea
          label="Headers"
          description="One name: value per line; one space after the colon does not count"
          autosize
          minRows={2}
          value={headers}
          error={wrongLine ?? refusal.beside('headers')}
          onChange={(event) => setHeaders(event.currentTarget.value)}
        />
        <NativeSelect
          label="Partition"
          value={partition}
          data={[byKey, ...partitionNumbers(topic)]}
          error={refusal.beside('partition')}
          onChange={(event) => setPartition(event.currentTarget.value)}
        />
        <FormFoot
          refused={refusal.ofWhole}
          leave="Close"
          onLeave={onClose}
          send="Produce"
          isSending={produce.isPending}
        />
      </form>
    </Drawer>
  );
}

function useProduce() {
  return useMutation({
    mutationFn: (input: ProduceRecordInput) => request(ProduceRecordDocument, { input }),
    onSuccess: ({ produceRecord: result }) => {
      if (result.__typename !== 'RecordProduced') return;
      toastDone(`Stored in partition ${result.partition} at offset ${formatExact(result.offset)}.`);
    },
  });
}

function partitionNumbers({ partitionCount }: BrowsedTopic): string[] {
  return Array.from({ length: partitionCount }, (_, index) => String(index));
}
