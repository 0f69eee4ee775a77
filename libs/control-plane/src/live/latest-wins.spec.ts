import { describe, expect, it } from 'vitest';
import { LatestWins } from './latest-wins.ts';

describe('a conflated stream', () => {
  it('gives a slow reader the newest value only, and holds one', async () => {
    const stream = new LatestWins<number>();
    const reader = stream.read();
    for (let value = 1; value <= 1_000; value += 1) {
      stream.publish(value);
    }
    expect(await reader.next()).toEqual({ done: false, value: 1_000 });
    const next = reader.next();
    stream.publish(1_001);
    expect(await next).toEqual({ done: false, value: 1_001 });
  });

  it('does not let a slow reader hold back a fast one', async () => {
    const stream = new LatestWins<number>();
    const slow = stream.read();
    const fast = stream.read();
    const seen: number[] = [];
    for (let value = 1; value <= 3; value += 1) {
      stream.publish(value);
      seen.push((await fast.next()).value as number);
    }
    expect(seen).toEqual([1, 2, 3]);
    expect((await slow.next()).value).toBe(3);
  });

  it('starts a new reader with the value of now', async () => {
    const stream = new LatestWins<string>();
    stream.publish('now');
    expect((await stream.read().next()).value).toBe('now');
  });

  it('starts a new reader with nothing when told so', async () => {
    const stream = new LatestWins<string>({ replay: 'none' });
    stream.publish('past');
    const next = stream.read().next();
    stream.publish('present');
    expect((await next).value).toBe('present');
  });

  it('merges what a slow reader has missed when told how', async () => {
    const stream = new LatestWins<number>({ merge: (earlier, later) => earlier + later });
    const reader = stream.read();
    stream.publish(1);
    stream.publish(2);
    stream.publish(3);
    expect((await reader.next()).value).toBe(6);
  });

  it('says when the last reader has left', async () => {
    let unread = 0;
    const stream = new LatestWins<number>({ onUnread: () => (unread += 1) });
    const [a, b] = [stream.read(), stream.read()];
    await a.return?.();
    await a.return?.();
    expect(unread).toBe(0);
    await b.return?.();
    expect(unread).toBe(1);
    expect(stream.readerCount).toBe(0);
  });

  it('ends a reader that waits when it is returned or the stream is closed', async () => {
    const stream = new LatestWins<number>();
    const [a, b] = [stream.read(), stream.read()];
    const waiting = [a.next(), b.next()];
    await a.return?.();
    stream.close();
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect((await stream.read().next()).done).toBe(true);
  });
});
