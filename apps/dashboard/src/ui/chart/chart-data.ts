/** One line of a chart; colours are names of tokens, so that a change of scheme repaints them. */
export interface ChartLine {
  key: string;
  /** Written at the line's end; empty for none. */
  label: string;
  /** Instead of `label` where the chart is narrow. */
  shortLabel?: string;
  /** Second, smaller line below the label. */
  note?: string;
  color: string;
  textColor: string;
  width: number;
  /** Pale fill down to the axis, as consumed has it. */
  filled?: boolean;
  values: readonly (number | null)[];
}

export interface ChartData {
  /** Times in seconds, ascending. */
  x: readonly number[];
  lines: readonly ChartLine[];
  /** Indexes of the two lines whose gap is filled, and its size to write inside. */
  gap?: { arriving: number; consumed: number; shortPerSecond: number | null };
  annotations?: readonly { at: number; text: string }[];
}
