// What `npm run faults` can do: the number and name by which one chooses, and the file that has the
// test.
/** @type {{ number: number, name: string, file: string, what: string }[]} */
export const catalogue = [
  [1, 'kill', '01-kill', 'kill -9 at random moments under acks=all load'],
  [2, 'kill-idempotent', '01-kill', 'the same with idempotent producers that retry'],
  [
    3,
    'windows',
    '03-windows',
    'kill -9 inside of exact operations: write, sync, roll, rename, delete',
  ],
  [5, 'torn-write', '05-torn-write', 'the last batch cut at every byte, and overwritten'],
  [6, 'order', '06-order', 'system calls: a produce is answered after its data is synced'],
  [
    7,
    'bit-flip',
    '07-damage',
    'flipped bits in a closed segment, after a clean and an unclean end',
  ],
  [8, 'lost-segment', '07-damage', 'segments shortened, removed, overwritten with zeros'],
  [9, 'lost-index', '07-damage', 'indexes, snapshots and the checkpoint damaged or removed'],
  [10, 'metadata', '10-metadata', 'broker.db damaged, removed, replaced by an older copy; recover'],
  [11, 'full-disk', '11-full-disk', 'no space left, for the log and for broker.db'],
  [16, 'few-files', '16-limits', 'a process that may open few files'],
  [17, 'second-process', '16-limits', 'a second broker on the same data'],
  [19, 'retention', '19-retention', 'retention against readers and kills'],
  [20, 'clock', '20-time', 'a clock that is hours or years wrong, under way and over a restart'],
  [21, 'frozen', '20-time', 'a process that stands still for seconds'],
  [22, 'memory', '22-memory', 'mixed load on a small heap'],
  [26, 'frame-length', '26-frames', 'huge, negative and dripping frames'],
  [27, 'amplification', '26-frames', 'small requests that announce huge arrays, tags and strings'],
  [28, 'fuzz', '28-fuzz', 'valid requests of every API and version, mutated'],
  [29, 'lying-batches', '29-batches', 'record batches whose headers lie'],
  [30, 'bombs', '29-batches', 'compressed batches that unpack to gigabytes'],
  [31, 'slow-clients', '31-connections', 'thousands of silent, dripping and half-open connections'],
  [32, 'slow-consumers', '31-connections', 'consumers that ask for much and do not read'],
  [33, 'network', '33-network', 'resets, delays and split packets between client and broker'],
].map(([number, name, file, what]) => ({ number, name, file, what }));

/**
 * The faults of these numbers and names; all of them where none is given.
 * @param {string[]} words
 */
export function chosen(words) {
  const picked = words.map((word) => {
    const fault = catalogue.find(({ number, name }) => name === word || String(number) === word);
    if (fault === undefined) throw new RangeError(word);
    return fault;
  });
  return picked.length === 0 ? catalogue : picked;
}
