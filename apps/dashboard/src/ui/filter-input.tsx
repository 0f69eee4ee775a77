import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

/** A filter that writes to the URL 150 ms after the last key; `/` focuses it. */
export function FilterInput(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  width?: number;
  shortcut?: boolean;
}) {
  const { label, value, onChange, width = 220, shortcut = true } = props;
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const [sent, setSent] = useState(value);
  if (seen !== value) {
    setSeen(value);
    // A value sent by this field may lag behind the keys; any other change of the URL wins.
    if (value !== sent) setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => {
      setSent(text);
      onChange(text);
    }, 150);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <label className="input" style={{ width }}>
      <IconSearch size={15} stroke={1.75} aria-hidden="true" />
      <input
        type="text"
        aria-label={label}
        placeholder={label}
        value={text}
        data-filter={shortcut || undefined}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText('');
        }}
      />
      {shortcut && <kbd className="kbd col-wide">/</kbd>}
    </label>
  );
}
