import { IconAntennaBars5, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useCallback, useId, useState } from 'react';
import { FilterInput } from '../../ui/filter-input.tsx';
import { parseMoment } from '../../ui/moment.ts';
import { parseOffset } from './offset.ts';
import { modes, useChangeSearch, type RecordSearch } from './record-search.ts';

/** Where to read, what to look for, and the hold of the live records. */
export function RecordControls(props: {
  search: RecordSearch;
  isHeld: boolean;
  onHold: () => void;
}) {
  const { search, isHeld, onHold } = props;
  const change = useChangeSearch();
  const setContains = useCallback((contains: string) => change({ contains }), [change]);
  const HoldIcon = isHeld ? IconPlayerPlay : IconPlayerPause;
  return (
    <div className="record-controls">
      <div className="segments" role="group" aria-label="Where to read">
        {modes.map(({ key, label }) => (
          <button
            key={key}
            type="button"
            aria-pressed={search.mode === key}
            onClick={() => change({ mode: key, record: undefined })}
          >
            {key === 'live' && <IconAntennaBars5 size={14} aria-hidden="true" />}
            {label}
          </button>
        ))}
      </div>
      {search.mode === 'offset' && (
        <PositionInput
          label="First offset"
          prefix="from"
          placeholder="0"
          value={search.offset === undefined ? '' : String(search.offset)}
          parse={parseOffset}
          wrong="is no offset: a whole number from 0 on."
          onChange={(offset) => change({ offset })}
        />
      )}
      {search.mode === 'time' && (
        <PositionInput
          label="First time"
          prefix="since"
          placeholder="15m, 2h, or 2026-11-20T14:00Z"
          value={search.at === undefined ? '' : new Date(search.at).toISOString()}
          parse={(text) => parseMoment(text, Date.now())}
          wrong="is no time: write 15m, 2h, or 2026-11-20T14:00Z."
          onChange={(at) => change({ at })}
        />
      )}
      <FilterInput
        label="Key or value contains"
        value={search.contains}
        onChange={setContains}
        width={200}
      />
      {search.mode === 'live' && (
        <button
          type="button"
          className="btn btn-small hold"
          aria-pressed={isHeld}
          data-key="h"
          aria-keyshortcuts="h"
          onClick={onHold}
        >
          <HoldIcon size={14} stroke={1.75} aria-hidden="true" />
          {isHeld ? 'Go on' : 'Hold'}
        </button>
      )}
    </div>
  );
}

/**
 * A position that is read when the field is left; what is none is said beside it, and nothing is
 * read.
 */
function PositionInput(props: {
  label: string;
  prefix: string;
  placeholder: string;
  value: string;
  parse: (text: string) => number | null;
  wrong: string;
  onChange: (position: number | undefined) => void;
}) {
  const { label, prefix, placeholder, value, parse, wrong, onChange } = props;
  const [refused, setRefused] = useState<string | null>(null);
  const errorId = useId();
  const read = (text: string) => {
    const position = text === '' ? undefined : parse(text);
    setRefused(position === null ? text : null);
    if (position !== null && text !== value) onChange(position);
  };
  return (
    <>
      <label className="input position" data-wrong={refused !== null}>
        <span className="small">{prefix}</span>
        <input
          key={value}
          aria-label={label}
          aria-invalid={refused !== null}
          aria-describedby={refused === null ? undefined : errorId}
          placeholder={placeholder}
          defaultValue={value}
          onKeyDown={(event) => {
            if (event.key === 'Enter') read(event.currentTarget.value.trim());
          }}
          onBlur={(event) => read(event.currentTarget.value.trim())}
        />
      </label>
      {refused !== null && (
        <span id={errorId} className="tone-fail small field-error" role="alert">
          “{refused}” {wrong}
        </span>
      )}
    </>
  );
}
