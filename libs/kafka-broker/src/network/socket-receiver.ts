import { Socket } from 'node:net';

export interface Receiver {
  /** Where answers are written. */
  readonly socket: Socket;
  /** After the memory for the next read changed outside of `onRead`. */
  retarget(): void;
  /** Reads on, after `onRead` said false. */
  resume(): void;
  /** What the kernel has not taken yet of what was written, bytes. */
  unsentBytes(): number;
}

export interface ReceiverOptions {
  /** Memory for the next read. */
  readonly target: () => Buffer;
  /** So many bytes were put there; false stops reading. */
  readonly onRead: (bytes: number) => boolean;
}

/** The part of Node's TCP handle that is used here; it has no documentation. */
interface TcpHandle {
  useUserBuffer(buffer: Uint8Array): void;
  /** Goes down while a large write is under way, unlike `writableLength`. */
  readonly writeQueueSize?: number;
}

/**
 * Makes an accepted socket (paused when it was connected) read into our own memory, which saves a
 * fresh 64 KiB buffer per read and the garbage it becomes.
 *
 * Node offers that (`onread`) for client sockets only, so the handle of the accepted socket is
 * given to a new one. Where a later Node does not allow that, data is received by events and
 * copied.
 */
export function receiveInto(accepted: Socket, options: ReceiverOptions): Receiver {
  const holder = accepted as unknown as { _handle: TcpHandle | null };
  const handle = holder._handle;
  if (typeof handle?.useUserBuffer !== 'function') return receiveByEvents(accepted, options);
  holder._handle = null;
  accepted.destroy();
  const socket = new Socket({
    handle,
    // A client that has sent all it wants may close its side and still read the answers.
    allowHalfOpen: true,
    onread: {
      buffer: options.target,
      callback: (bytes: number) => options.onRead(bytes),
    },
  } as unknown as ConstructorParameters<typeof Socket>[0]);
  return {
    socket,
    retarget() {
      if (!socket.destroyed) handle.useUserBuffer(options.target());
    },
    resume: () => void socket.resume(),
    unsentBytes: () => handle.writeQueueSize ?? socket.writableLength,
  };
}

/** The documented way: what arrives is copied to where it should have been read. */
export function receiveByEvents(socket: Socket, options: ReceiverOptions): Receiver {
  let held: Buffer | undefined;
  const take = (chunk: Buffer): void => {
    let rest = chunk;
    while (rest.length > 0) {
      const copied = rest.copy(options.target());
      rest = rest.subarray(copied);
      if (options.onRead(copied)) continue;
      held = rest;
      socket.pause();
      return;
    }
  };
  socket.on('data', take);
  socket.resume();
  return {
    socket,
    retarget: () => {},
    resume() {
      const chunk = held;
      held = undefined;
      socket.resume();
      if (chunk) take(chunk);
    },
    unsentBytes: () => socket.writableLength,
  };
}
