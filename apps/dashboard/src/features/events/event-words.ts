import type { EventKind } from '../../generated/graphql.ts';

/**
 * Subject and message as they are read: a message that begins with its subject loses it, and a run,
 * whose subject is its id, is named by its job (`job: what happened`).
 */
export function eventWords(event: { kind: EventKind; subject: string; message: string }): {
  subject: string;
  text: string;
} {
  const { kind, subject, message } = event;
  if (message.startsWith(`${subject} `))
    return { subject, text: message.slice(subject.length + 1) };
  const colon = message.indexOf(': ');
  if (kind.startsWith('RUN_') && colon > 0 && !message.slice(0, colon).includes(' ')) {
    return { subject: message.slice(0, colon), text: message.slice(colon + 2) };
  }
  return { subject, text: message };
}
