import { Drawer, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { CreateTopicDocument, type CreateTopicInput } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { toastDone } from '../../ui/toast.tsx';
import '../../ui/dialog.css';
import '../../ui/number-input.css';

/** Lines `name=value` as config entries; lines without a name are left out. */
export function parseConfigLines(text: string): { name: string; value: string }[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes('='))
    .map((line) => {
      const at = line.indexOf('=');
      return { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
    })
    .filter((entry) => entry.name !== '');
}

export function CreateTopic({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [partitions, setPartitions] = useState<number | string>(1);
  const [configs, setConfigs] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (input: CreateTopicInput) => request(CreateTopicDocument, { input }),
    onSuccess: ({ createTopic: result }) => {
      if (result.__typename !== 'Topic') return;
      toastDone(`Topic ${result.name} is there.`);
      void client.invalidateQueries({ queryKey: ['topics'] });
      onClose();
      void navigate({ to: '/ui/topics/$name', params: { name: result.name } });
    },
  });
  const result = create.data?.createTopic;
  const problem = result && result.__typename !== 'Topic' ? result : undefined;
  const field = problem?.__typename === 'InvalidInput' ? problem.field : undefined;
  const general =
    problem && !['name', 'partitions'].includes(field ?? 'name') ? problem.message : null;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={480}
      title="Create topic"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({
            name: name.trim(),
            partitions: Number(partitions) || null,
            configs: parseConfigLines(configs),
          });
        }}
      >
        <TextInput
          label="Name"
          description="Letters, digits, dot, underscore and hyphen; up to 249"
          value={name}
          data-autofocus
          required
          error={problem && (field === undefined || field === 'name') ? problem.message : null}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NumberInput
          label="Partitions"
          description="At most as many members of a group read at the same time"
          value={partitions}
          min={1}
          max={1000}
          error={field === 'partitions' ? problem?.message : null}
          onChange={setPartitions}
        />
        <Textarea
          label="Configuration"
          description="One name=value per line, by Kafka’s names; empty for the defaults"
          placeholder="retention.ms=86400000"
          autosize
          minRows={3}
          value={configs}
          onChange={(event) => setConfigs(event.currentTarget.value)}
        />
        {(general ?? create.error) && (
          <p className="tone-fail" role="alert">
            {general ?? create.error?.message}
          </p>
        )}
        <div className="form-actions">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn btn-primary" disabled={create.isPending}>
            Create topic
          </button>
        </div>
      </form>
    </Drawer>
  );
}
