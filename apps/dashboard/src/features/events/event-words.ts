import type { EventKind } from '../../generated/graphql.ts';

/** A message in three parts, which together are the sentence to read. */
export interface EventWords {
  before: string;
  /** What it is about, as it stands in the sentence. */
  subject: string;
  after: string;
}

/**
 * Where a message names its subject. A run, whose subject is its id, is named by its job
 * (`job: what happened`); a message that names no subject gets it in front.
 */
export function eventWords(event: {
  kind: EventKind;
  subject: string;
  message: string;
}): EventWords {
  const { kind, subject, message } = event;
  const colon = message.indexOf(': ');
  if (kind.startsWith('RUN_') && colon > 0 && !message.slice(0, colon).includes(' ')) {
    return { before: '', subject: message.slice(0, colon), after: message.slice(colon) };
  }
  const at = placeOf(subject, message);
  if (at < 0) return { before: '', subject, after: `: ${message}` };
  const end = at + subject.length;
  return {
    before: message.slice(0, at),
    subject: message.slice(at, end),
    after: message.slice(end),
  };
}

export function eventSentence(event: {
  kind: EventKind;
  subject: string;
  message: string;
}): string {
  const { before, subject, after } = eventWords(event);
  return `${before}${subject}${after}`;
}

/** Where a subject stands as a word of its own, in whatever case; -1 when it does not. */
function placeOf(subject: string, message: string): number {
  const isPartOfName = /[\w.-]/;
  const lower = message.toLowerCase();
  for (let at = lower.indexOf(subject.toLowerCase()); at >= 0;) {
    const next = message.charAt(at + subject.length);
    const isEnd = next === '' || !isPartOfName.test(next);
    if (isEnd && (at === 0 || !isPartOfName.test(message.charAt(at - 1)))) return at;
    at = lower.indexOf(subject.toLowerCase(), at + 1);
  }
  return -1;
}
