import { useState, type ReactNode } from 'react';

/** Parsed objects and arrays; anything else, and what is no JSON, stays text (undefined). */
export function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** JSON as a tree whose objects and arrays fold; folded from the third level on. */
export function JsonTree({ value }: { value: unknown }) {
  return (
    <div className="json code">
      <Node value={value} level={0} comma={false} />
    </div>
  );
}

function Node(props: { name?: string; value: unknown; level: number; comma: boolean }) {
  const { name, value, level, comma } = props;
  const label: ReactNode =
    name === undefined ? null : (
      <>
        <span className="name">{JSON.stringify(name)}</span>:{' '}
      </>
    );
  if (value === null || typeof value !== 'object') {
    return (
      <div>
        {label}
        <Leaf value={value} />
        {comma && ','}
      </div>
    );
  }
  return <Branch label={label} value={value} level={level} comma={comma} />;
}

function Branch(props: { label: ReactNode; value: object; level: number; comma: boolean }) {
  const { label, value, level, comma } = props;
  const [isOpen, setOpen] = useState(level < 2);
  const isArray = Array.isArray(value);
  const entries = Object.entries(value);
  const [left, right] = isArray ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return (
      <div>
        {label}
        {left}
        {right}
        {comma && ','}
      </div>
    );
  }
  return (
    <div>
      {level === 0 ? (
        left
      ) : (
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {label}
          {isOpen ? left : `${left} ${entries.length} … ${right}${comma ? ',' : ''}`}
        </button>
      )}
      {isOpen && (
        <>
          <div className="children">
            {entries.map(([key, child], index) => (
              <Node
                key={key}
                {...(isArray ? {} : { name: key })}
                value={child}
                level={level + 1}
                comma={index < entries.length - 1}
              />
            ))}
          </div>
          {right}
          {comma && ','}
        </>
      )}
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'number') return <b>{String(value)}</b>;
  if (typeof value === 'string') return <span>{JSON.stringify(value)}</span>;
  return <span className="word">{String(value)}</span>;
}
