import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { serverUrl } from '../../graphql/address.ts';
import { SectionError, SkeletonRows } from '../../ui/section.tsx';
import { formatTimeExact } from '../../ui/time.ts';
import { logQuery, type BatchRun } from './queries.ts';

const tones = { INFO: undefined, WARN: 'tone-behind', ERROR: 'tone-fail' } as const;

/** What an attempt said of itself; the newest attempt first of all. */
export function RunLog({ run }: { run: BatchRun }) {
  const newest = Math.max(1, run.attempt);
  const [chosen, setChosen] = useState<number | null>(null);
  const attempt = Math.min(chosen ?? newest, newest);
  const query = useQuery(logQuery(run, attempt));
  if (run.attempt === 0) return <p className="quiet">No attempt has begun yet.</p>;
  if (query.error && !query.data) {
    const retry = () => void query.refetch();
    return <SectionError what="The log" error={query.error} retry={retry} />;
  }
  if (query.data === undefined) return <SkeletonRows rows={4} columns={3} />;
  const log = query.data;
  return (
    <>
      <div className="log-head">
        <label>
          Attempt{' '}
          <select value={attempt} onChange={(event) => setChosen(Number(event.target.value))}>
            {Array.from({ length: newest }, (_, index) => newest - index).map((number) => (
              <option key={number}>{number}</option>
            ))}
          </select>
        </label>
        {log !== null && (
          <a className="btn btn-small" href={serverUrl(log.url).href} download>
            <IconDownload size={14} aria-hidden="true" /> Log of attempt {attempt}
          </a>
        )}
      </div>
      {log === null || log.lineCount === 0 ? (
        <p className="quiet">Nothing was said yet.</p>
      ) : (
        <ol className="log-lines" tabIndex={0} aria-label={`Log of attempt ${attempt}`}>
          {log.lines.map(({ at, level, text }, index) => (
            <li key={index} className={tones[level]}>
              <time dateTime={new Date(at).toISOString()}>{formatTimeExact(at)}</time>
              <span>{level === 'INFO' ? '' : level.toLowerCase()}</span>
              <span>{text}</span>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
