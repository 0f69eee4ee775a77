import type { MarkedWork } from '@penstock/pipelines';

/** `map "score"` for the operator `map score`; `map` for one without a name of its own. */
function operatorWords(operator: string): string {
  const space = operator.indexOf(' ');
  const [kind, label] = [operator.slice(0, Math.max(space, 0)), operator.slice(space + 1)];
  return space < 0 || kind === label ? label : `${kind} "${label}"`;
}

/** `orders/3 offset 17`. */
function placeWords({ topic, partition, offset }: MarkedWork): string {
  return offset < 0
    ? `a timer or the row of a window in task ${partition}`
    : `${topic}/${partition} offset ${offset}`;
}

/** `map "score" has not come back for 30 s at orders/3 offset 17`. */
export function stuckWords(work: MarkedWork | null, ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return work === null
    ? `its code has not come back for ${seconds} s, at which record is not known`
    : `${operatorWords(work.operator)} has not come back for ${seconds} s at ${placeWords(work)}`;
}

/** `it took more than 512 MB of memory, in map "score" at orders/3 offset 17`. */
export function memoryWords(work: MarkedWork | null, memoryMb: number): string {
  const where = work === null ? '' : `, in ${operatorWords(work.operator)} at ${placeWords(work)}`;
  return `it took more than ${memoryMb} MB of memory${where} (PENSTOCK_PIPELINES_MEMORY_MB)`;
}

/** `an error that nothing caught: no connection, from map "score" at orders/3 offset 17`. */
export function uncaughtWords(work: MarkedWork | null, reason: string): string {
  return work === null
    ? reason
    : `${reason}, from ${operatorWords(work.operator)} at ${placeWords(work)}`;
}
