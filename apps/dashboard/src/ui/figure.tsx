import type { ReactNode } from 'react';

export interface FigureProps {
  label: string;
  /** Formatted value; its box is as wide as `ch` digits, so that a live figure does not move. */
  value: string;
  unit?: string;
  note?: ReactNode;
  /** Exact value, age and how it was obtained. */
  hint?: string;
  spark?: ReactNode;
  /** Names the figure for tests, with its exact value. */
  metric?: string;
  exact?: number | null | undefined;
}

export function FigureStrip({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section className="figures" aria-label={label}>
      {children}
    </section>
  );
}

export function Figure(props: FigureProps) {
  return (
    <div className="figure" title={props.hint}>
      <div className="label">{props.label}</div>
      <span
        className="value"
        data-live
        data-metric={props.metric}
        data-value={props.exact ?? undefined}
      >
        {props.value}
        {props.unit && <span className="unit">{props.unit}</span>}
      </span>
      <div className="note" title={typeof props.note === 'string' ? props.note : undefined}>
        {props.note}
      </div>
      {props.spark && <div className="spark">{props.spark}</div>}
    </div>
  );
}
