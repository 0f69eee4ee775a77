import { IconAlertTriangle, IconCheck, IconCopy, IconRefresh } from '@tabler/icons-react';
import { useEffect, useId, useState, type ReactNode } from 'react';
import { formatTime } from './time.ts';

/** A part of the sheet; its head says what is shown. */
export function Section(props: {
  title: ReactNode;
  hint?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="section" aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.hint && (
          <span className="hint" title={typeof props.hint === 'string' ? props.hint : undefined}>
            {props.hint}
          </span>
        )}
        {props.aside && <div className="aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** What failed, since when, and the way to try again; the rest of the page lives on. */
export function SectionError(props: { what: string; error: unknown; retry: () => void }) {
  const [since] = useState(() => Date.now());
  return (
    <div className="notice" role="alert">
      <IconAlertTriangle size={16} color="var(--behind)" aria-hidden="true" />
      <div>
        <b>
          {props.what} could not be read since {formatTime(since)}.
        </b>
        <p>{props.error instanceof Error ? props.error.message : String(props.error)}</p>
      </div>
      <button type="button" className="btn btn-small" onClick={props.retry}>
        <IconRefresh size={14} aria-hidden="true" /> Retry
      </button>
    </div>
  );
}

/** Nothing passed the filter, which differs from nothing being there. */
export function NothingMatches(props: { text: string; clear: () => void }) {
  return (
    <div className="notice">
      <div>
        <b>{props.text}</b>
      </div>
      <button type="button" className="btn btn-small" onClick={props.clear}>
        Clear filter
      </button>
    </div>
  );
}

/** Nothing is there yet: one sentence, and the command that fills the place. */
export function Empty(props: { title: string; text: ReactNode; command?: string }) {
  return (
    <div style={{ maxWidth: 720 }}>
      <p>
        <b>{props.title}</b>
      </p>
      <p className="soft" style={{ margin: '2px 0 12px' }}>
        {props.text}
      </p>
      {props.command && <Command text={props.command} />}
    </div>
  );
}

export function Command({ text, onCopied }: { text: string; onCopied?: () => void }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    onCopied?.();
  };
  return (
    <div className="command">
      <pre tabIndex={0}>{text}</pre>
      <button type="button" className="btn btn-small" onClick={() => void copy()}>
        {copied ? (
          <IconCheck size={14} aria-hidden="true" />
        ) : (
          <IconCopy size={14} aria-hidden="true" />
        )}
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

/** Clipboard, also where the page is served over plain HTTP from another host. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** Rows of the coming grid, shown only when loading takes longer than 200 ms. */
export function SkeletonRows({ rows, columns }: { rows: number; columns: number }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return (
    <table className="table" aria-busy="true" aria-label="Loading">
      <tbody style={{ visibility: shown ? 'visible' : 'hidden' }}>
        {Array.from({ length: rows }, (_, row) => (
          <tr key={row}>
            {Array.from({ length: columns }, (_cell, column) => (
              <td key={column}>
                <span className="skeleton" />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
