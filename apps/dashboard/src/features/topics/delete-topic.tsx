import { Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { DeleteTopicDocument } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { formatExact } from '../../ui/numbers.ts';
import { shortName } from '../../ui/short-name.ts';
import { toastDone } from '../../ui/toast.tsx';
import type { Topic } from './queries.ts';
import '../../ui/dialog.css';

/** Deleting loses data, so the exact name is typed first; the button says why it is off. */
export function DeleteTopic({ topic, onClose }: { topic: Topic; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => request(DeleteTopicDocument, { name: topic.name }),
    onSuccess: ({ deleteTopic: result }) => {
      if (result.__typename !== 'TopicDeleted') return;
      toastDone(`Topic ${result.name} is deleted.`);
      void client.invalidateQueries({ queryKey: ['topics'] });
      void navigate({ to: '/ui/topics' });
    },
  });
  const result = remove.data?.deleteTopic;
  const problem = result && result.__typename !== 'TopicDeleted' ? result.message : undefined;
  const groups = topic.consumerGroups.map((group) => group.groupId);
  const matches = typed === topic.name;
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Delete ${topic.name}?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (matches) remove.mutate();
        }}
      >
        <p className="soft">
          {formatExact(topic.recordCount)} records in {topic.partitionCount} partitions are lost for
          good. {readersText(groups)}
        </p>
        <TextInput
          label={`Type ${topic.name} to confirm`}
          value={typed}
          data-autofocus
          autoComplete="off"
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {(problem ?? remove.error) && (
          <p className="tone-fail" role="alert">
            {problem ?? remove.error?.message}
          </p>
        )}
        <div className="form-actions">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="btn btn-danger"
            disabled={!matches || remove.isPending}
            title={matches ? undefined : 'The typed name does not match yet'}
          >
            Delete topic
          </button>
        </div>
      </form>
    </Modal>
  );
}

const groupsNamed = 5;

function readersText(groups: readonly string[]): string {
  if (groups.length === 0) return 'No consumer group reads it.';
  const more = groups.length - groupsNamed;
  const named = groups.slice(0, groupsNamed).map(shortName).join(', ');
  return `${named}${more > 0 ? ` and ${more} more` : ''} ${groups.length === 1 ? 'reads' : 'read'} it.`;
}
