import { shortName } from './short-name.ts';

/** Running text with its deciding parts in bold, as plain data, so that verdicts can be tested. */
export type Rich = readonly (string | { b: string })[];

export function RichText({ text }: { text: Rich }) {
  return text.map((part, index) =>
    typeof part === 'string' ? (
      part
    ) : (
      <b key={index} title={part.b.length > shortName(part.b).length ? part.b : undefined}>
        {shortName(part.b)}
      </b>
    ),
  );
}

export function plainText(text: Rich): string {
  return text.map((part) => (typeof part === 'string' ? part : part.b)).join('');
}
