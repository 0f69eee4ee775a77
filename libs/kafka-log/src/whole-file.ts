import type { Files } from './files.ts';

/** Reads `length` bytes, or up to the end of the file; returns how many. */
export function readAll(
  files: Files,
  descriptor: number,
  target: Buffer,
  start: number,
  length: number,
  position: number,
): number {
  let done = 0;
  while (done < length) {
    const read = files.read(descriptor, target, start + done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

/** Writes the whole buffer, whatever portions the system takes. */
export function writeAll(files: Files, descriptor: number, source: Buffer, position: number): void {
  let done = 0;
  while (done < source.length) {
    done += files.write(descriptor, source, done, source.length - done, position + done);
  }
}

/** All bytes of a file; none if there is no such file. */
export function readFile(files: Files, path: string): Buffer {
  const size = files.size(path);
  if (size === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(size);
  const descriptor = files.open(path, 'read');
  try {
    return bytes.subarray(0, readAll(files, descriptor, bytes, 0, size, 0));
  } finally {
    files.close(descriptor);
  }
}
