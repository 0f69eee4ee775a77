import type { Node } from '../topology/nodes.ts';

/** How far what comes out of an operator may lie behind event time, in ms. */
export interface Delay {
  /** Behind the watermark, while no partition is idle. */
  readonly ms: number;
  /** Behind the time before which nothing can come that is not late. */
  readonly settledMs: number;
}

export const NO_DELAY: Delay = { ms: 0, settledMs: 0 };

/** The delay of what a node makes, by that of what it takes. */
export function delayBehind(node: Node, before: Delay): Delay {
  switch (node.kind) {
    case 'window': {
      // A row lies at the end of its window, is written a grace later, and may be corrected then.
      const keptMs = node.late === 'update' ? node.keepMs : 0;
      const gapMs = node.spec.kind === 'session' ? node.spec.gapMs : 0;
      return {
        ms: before.ms + node.graceMs,
        settledMs: before.settledMs + node.graceMs + gapMs + keptMs,
      };
    }
    case 'join': {
      // What finds no partner is sent on with its own time, when none can come any more.
      const ms = node.side === 'left' ? node.withinMs : 0;
      return { ms: before.ms + ms, settledMs: before.settledMs + ms };
    }
    default:
      return before;
  }
}

export function longest(delays: readonly Delay[]): Delay {
  return {
    ms: Math.max(0, ...delays.map(({ ms }) => ms)),
    settledMs: Math.max(0, ...delays.map(({ settledMs }) => settledMs)),
  };
}

/** The delay of what a node makes behind the sources of the pipeline. */
export function delayAfter(node: Node): Delay {
  return delayBehind(node, longest(node.inputs.map(delayAfter)));
}
