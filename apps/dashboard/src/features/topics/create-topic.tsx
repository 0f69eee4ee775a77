import { Drawer, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { CreateTopicDocument, type CreateTopicInput } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { parsePairs } from '../../ui/line-pairs.ts';
import { FormFoot } from '../../ui/form-foot.tsx';
import { placeRefusal } from '../../ui/refusal.ts';
import { toastDone } from '../../ui/toast.tsx';
import '../../ui/dialog.css';

interface Refused {
  partitions?: string;
  configs?: string;
}

/** An empty field leaves the decision to the cluster; a text that is no number is not sent. */
function readForm(partitions: string, configs: string) {
  const isWhole = /^\d+$/.test(partitions.trim());
  const { pairs, problem } = parsePairs(configs, '=');
  const refused: Refused = {
    ...(isWhole || partitions === '' ? {} : { partitions: `“${partitions}” is no whole number.` }),
    ...(problem === null ? {} : { configs: problem }),
  };
  return { partitions: isWhole ? Number(partitions) : null, configs: pairs ?? [], refused };
}

export function CreateTopic({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [partitions, setPartitions] = useState('1');
  const [configs, setConfigs] = useState('');
  const [refused, setRefused] = useState<Refused>({});
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (input: CreateTopicInput) => request(CreateTopicDocument, { input }),
    onSuccess: ({ createTopic: result }) => {
      if (result.__typename !== 'Topic') return;
      toastDone(`Topic ${result.name} is there.`);
      void client.invalidateQueries({ queryKey: ['topics'] });
      void navigate({ to: '/ui/topics/$name', params: { name: result.name } });
    },
  });
  const result = create.data?.createTopic;
  const problem = result && result.__typename !== 'Topic' ? result : undefined;
  const refusal = placeRefusal(problem, create.error, [
    'name',
    'TopicExists',
    'partitions',
    'configs',
  ]);
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
          const form = readForm(partitions, configs);
          setRefused(form.refused);
          if (Object.keys(form.refused).length > 0) return;
          create.mutate({ name, partitions: form.partitions, configs: form.configs });
        }}
        onChange={() => {
          setRefused({});
          create.reset();
        }}
      >
        <TextInput
          label="Name"
          description="Letters, digits, dot, underscore and hyphen; up to 249"
          value={name}
          data-autofocus
          required
          error={refusal.beside('name', 'TopicExists')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Partitions"
          description="At most as many members of a group read at the same time; empty for the cluster’s default"
          inputMode="numeric"
          value={partitions}
          error={refused.partitions ?? refusal.beside('partitions')}
          onChange={(event) => setPartitions(event.currentTarget.value)}
        />
        <Textarea
          label="Configuration"
          description="One name=value per line, by Kafka’s names; empty for the defaults"
          placeholder="retention.ms=86400000"
          autosize
          minRows={3}
          value={configs}
          error={refused.configs ?? refusal.beside('configs')}
          onChange={(event) => setConfigs(event.currentTarget.value)}
        />
        <FormFoot
          refused={refusal.ofWhole}
          leave="Cancel"
          onLeave={onClose}
          send="Create topic"
          isSending={create.isPending}
        />
      </form>
    </Drawer>
  );
}
