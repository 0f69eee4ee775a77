import type { ReactNode } from 'react';

export interface TabItem {
  key: string;
  label: string;
  /** Count or short note behind the label. */
  note?: ReactNode;
}

/** Tabs whose choice lives in the URL; `[` and `]` go left and right. */
export function Tabs(props: {
  label: string;
  items: readonly TabItem[];
  chosen: string;
  onChoose: (key: string) => void;
  end?: ReactNode;
}) {
  return (
    <div className="tabs">
      <div role="tablist" aria-label={props.label} style={{ display: 'contents' }}>
        {props.items.map((item) => (
          <button
            key={item.key}
            type="button"
            role="tab"
            aria-selected={item.key === props.chosen}
            tabIndex={item.key === props.chosen ? 0 : -1}
            onClick={() => props.onChoose(item.key)}
          >
            {item.label}
            {item.note !== undefined && <small>{item.note}</small>}
          </button>
        ))}
      </div>
      {props.end && <span className="end">{props.end}</span>}
    </div>
  );
}
