/** A run has failed for a reason for which another attempt would fail as well. */
export class FailedForGood extends Error {
  override readonly name: string = 'FailedForGood';
}
