import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

/** SQLite's lock on writing to a WAL database: this byte of the file `-shm` (WAL_WRITE_LOCK). */
const WRITE_LOCK_BYTE = '120';

/**
 * Who holds the write lock of a SQLite database, in words: `python3 (process 4711)`, or just
 * `another process` where the system does not tell (it does on Linux, of processes of the same
 * process-id namespace).
 */
export function lockHolder(file: string): string {
  try {
    const inode = String(statSync(`${file}-shm`).ino);
    // Lines are `1: POSIX  ADVISORY  WRITE 4711 fe:00:9995211 120 120`.
    const holder = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(
        ([, , , kind, , place, first]) =>
          kind === 'WRITE' && first === WRITE_LOCK_BYTE && place?.endsWith(`:${inode}`),
      );
    const pid = Number(holder?.[4]);
    if (!(pid > 0)) return 'another process';
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return `${basename(program)} (process ${pid})`;
  } catch {
    return 'another process';
  }
}
