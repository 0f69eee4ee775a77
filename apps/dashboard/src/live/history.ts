import {
  HistoryDocument,
  type HistoryQuery,
  type HistoryQueryVariables,
} from '../generated/graphql.ts';
import { request } from '../graphql/request.ts';

export type History = HistoryQuery['history'];
type HistoryInput = HistoryQueryVariables['input'];
type Ask = (input: HistoryInput) => Promise<History>;

/** What the server answers at once (`HistoryInput.series`). */
const seriesMax = 50;

/** The past of any number of series; of more than the server answers at once, by more queries. */
export function requestHistory(input: HistoryInput, signal?: AbortSignal): Promise<History> {
  return inPieces(input, (piece) =>
    request(HistoryDocument, { input: piece }, signal).then((data) => data.history),
  );
}

export async function inPieces(input: HistoryInput, ask: Ask): Promise<History> {
  const all = [input.series].flat();
  const pieces = Array.from({ length: Math.max(1, Math.ceil(all.length / seriesMax)) }, (_, at) =>
    ask({ ...input, series: all.slice(at * seriesMax, (at + 1) * seriesMax) }),
  );
  const answers = await Promise.all(pieces);
  return {
    tierSeconds: Math.max(...answers.map(({ tierSeconds }) => tierSeconds)),
    series: answers.flatMap(({ series }) => series),
  };
}
