/** The group has read records whose effect on the state is nowhere: going on would miscount. */
export class StateLost extends Error {
  override readonly name = 'StateLost';

  constructor(
    pipeline: string,
    file: string,
    { topic, partition, committed }: { topic: string; partition: number; committed: number | null },
  ) {
    super(
      `${pipeline} has read ${topic}/${partition} up to offset ${committed}, but there is no state of that in ${file}: ` +
        'bring the file back, or start over',
    );
  }
}
