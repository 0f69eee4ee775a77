import { formatExact } from './numbers.ts';

export interface RulerShape {
  /** Where the committed offset stands, 0 to 1 of the log. */
  tick: number;
  /** Share of the log that waits; a waiting log shows at least one pixel. */
  waiting: number;
}

/** Where a committed offset stands in its log; null when one of the three is unknown. */
export function rulerShape(input: {
  start: number | null;
  committed: number | null;
  end: number | null;
}): RulerShape | null {
  const { start, committed, end } = input;
  if (start === null || committed === null || end === null) return null;
  const length = end - start;
  if (length <= 0) return { tick: 1, waiting: 0 };
  const tick = Math.min(Math.max((committed - start) / length, 0), 1);
  return { tick, waiting: Math.max(0, Math.min(1, (end - committed) / length)) };
}

/** The log of one partition from its start to its end; tick = committed, orange = waiting. */
export function LogRuler(props: {
  start: number | null;
  committed: number | null;
  end: number | null;
  behind: boolean;
}) {
  const shape = rulerShape(props);
  if (!shape) return <span className="quiet">no offset committed yet</span>;
  const text =
    `log ${formatExact(props.start)} to ${formatExact(props.end)}, ` +
    `committed ${formatExact(props.committed)}`;
  const percent = (share: number) => `${(share * 100).toFixed(2)}%`;
  return (
    <svg width="100%" height="12" role="img" aria-label={text} style={{ overflow: 'visible' }}>
      <title>{text}</title>
      <line x1="0" x2="100%" y1="6" y2="6" stroke="var(--line2)" />
      {shape.waiting > 0 && (
        <rect
          x={percent(shape.tick)}
          y="3"
          height="6"
          style={{ width: `max(1px, ${percent(shape.waiting)})` }}
          fill={props.behind ? 'var(--behindf)' : 'var(--ctl)'}
        />
      )}
      <line
        x1={percent(shape.tick)}
        x2={percent(shape.tick)}
        y1="1"
        y2="11"
        stroke="var(--ink)"
        strokeWidth="2"
      />
    </svg>
  );
}
