import { formatRate } from './numbers.ts';

export type GateShape =
  | { kind: 'calm' }
  | { kind: 'paused' }
  /** `tick`: where the gate stands, 0 to 1. */
  | { kind: 'held' | 'draining'; tick: number };

/**
 * The gate between what arrives and what is consumed. Within 5 % of each other they are equal;
 * above it the tick stands at out/in (held back) or in/out (draining).
 */
export function gateShape(input: {
  arriving: number | null;
  consumed: number | null;
  state: 'paused' | 'calm' | 'uneven';
}): GateShape {
  const { arriving, consumed, state } = input;
  if (state === 'paused') return { kind: 'paused' };
  if (state === 'calm' || arriving === null || consumed === null) return { kind: 'calm' };
  const larger = Math.max(arriving, consumed);
  if (larger === 0 || Math.abs(arriving - consumed) <= larger * 0.05) return { kind: 'calm' };
  return arriving > consumed
    ? { kind: 'held', tick: consumed / arriving }
    : { kind: 'draining', tick: arriving / consumed };
}

const width = 60;

export function Gate(props: {
  arriving: number | null;
  consumed: number | null;
  state: 'paused' | 'calm' | 'uneven';
}) {
  const shape = gateShape(props);
  const text = `${formatRate(props.arriving)} arriving, ${formatRate(props.consumed)} consumed`;
  return (
    <svg width={width} height="10" role="img" aria-label={text}>
      <title>{text}</title>
      <GateBars shape={shape} />
    </svg>
  );
}

function GateBars({ shape }: { shape: GateShape }) {
  if (shape.kind === 'paused') {
    return <rect x="0.5" y="3.5" width={width - 1} height="3" fill="none" stroke="var(--line2)" />;
  }
  if (shape.kind === 'calm') return <rect y="3" width={width} height="4" fill="var(--gate-calm)" />;
  const at = Math.round(Math.min(Math.max(shape.tick, 0), 0.97) * width);
  const held = shape.kind === 'held';
  return (
    <>
      <rect y="3" width={at} height="4" fill="var(--accf)" />
      <rect
        x={at}
        y="3"
        width={width - at}
        height="4"
        fill={held ? 'var(--gate-held)' : 'var(--catchf)'}
      />
      <rect x={at} width="2" height="10" fill={held ? 'var(--behindf)' : 'var(--catchf)'} />
    </>
  );
}
