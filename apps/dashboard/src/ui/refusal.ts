/** What a mutation answered instead of its result. */
interface Problem {
  __typename: string;
  message: string;
  field?: string;
}

/**
 * Puts a refusal where it belongs: beside the field that the server names or that stands for this
 * kind of problem, and otherwise with the whole form.
 */
export function placeRefusal(
  problem: Problem | undefined,
  error: Error | null,
  fields: readonly string[],
): { beside: (...names: string[]) => string | undefined; ofWhole: string | undefined } {
  const place = problem && (problem.field ?? problem.__typename);
  const hasField = place !== undefined && fields.includes(place);
  return {
    beside: (...names) => (place && names.includes(place) ? problem?.message : undefined),
    ofWhole: error?.message ?? (hasField ? undefined : problem?.message),
  };
}
