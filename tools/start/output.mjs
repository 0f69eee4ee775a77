import { setTimeout as delay } from 'node:timers/promises';

/** Unread output is kept up to this size; later lines are left out, and counted. */
const UNREAD_BYTES_MAX = 1024 * 1024;
/** How long the end waits for a slow reader. */
const LAST_WORDS_MS = 1000;

const colours = { dim: 2, red: 31, yellow: 33, cyan: 36, green: 32 };
const coloured = Boolean(process.stdout.isTTY) && process.env.NO_COLOR === undefined;
const paint = (colour, text) => (coloured ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text);

const levelNames = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const notShown = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'context', 'err']);

let mask = (text) => text;

/** From now on nothing is printed without `maskText`, which hides secrets. */
export function maskOutput(maskText) {
  mask = maskText;
}

/**
 * A reader that has gone (`npm start | head`) or has stopped reading (a pager, a terminal after
 * Ctrl-S) must stop neither the log nor the processes.
 */
export function keepWritingWithoutReader() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => undefined);
    // Node writes to a terminal synchronously by default: a held terminal would block the
    // supervisor, and with it every process whose output the supervisor reads.
    if (stream.isTTY) stream._handle?.setBlocking?.(false);
  }
}

/** Resolves once all output has been read, or after a second: then the rest is given up. */
export async function lastWords() {
  const deadline = performance.now() + LAST_WORDS_MS;
  const unread = () => process.stdout.writableLength + process.stderr.writableLength > 0;
  while (unread() && performance.now() < deadline) await delay(10);
}

/** Prints one line of the supervisor's own. */
export function say(name, text, level = 'info') {
  terminal.print(line(Date.now(), name, level, text));
}

/** Lines for a reader who may be slow: a bounded number of bytes waits, the rest is counted. */
export class Lines {
  #stream;
  #unreadBytesMax;
  #leftOut = 0;

  /**
   * @param {import('node:stream').Writable} stream
   * @param {number} [unreadBytesMax]
   */
  constructor(stream, unreadBytesMax = UNREAD_BYTES_MAX) {
    this.#stream = stream;
    this.#unreadBytesMax = unreadBytesMax;
  }

  /** @param {string} text one or more lines, without the last line's end */
  print(text) {
    if (this.#stream.writableLength > this.#unreadBytesMax) {
      if (this.#leftOut++ === 0) this.#stream.once('drain', () => this.#sayLeftOut());
      return;
    }
    this.#stream.write(`${text}\n`);
  }

  #sayLeftOut() {
    const lines = this.#leftOut === 1 ? '1 line was' : `${this.#leftOut} lines were`;
    this.#leftOut = 0;
    this.print(line(Date.now(), 'penstock', 'warn', `${lines} left out, because nobody read them`));
  }
}

const terminal = new Lines(process.stdout);

/** Prints what a process wrote: its JSON lines as readable text, everything else as it is. */
export function printOutput(name, stream) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) if (text.trim() !== '') terminal.print(readable(name, text));
  });
  stream.on('end', () => {
    if (rest.trim() !== '') terminal.print(readable(name, rest));
  });
  stream.on('error', () => undefined);
}

/** @returns {string} one log line as a person reads it */
export function readable(name, text) {
  const entry = parseEntry(text);
  if (entry === undefined) return line(Date.now(), name, 'info', text);
  const level = levelNames[entry.level] ?? 'info';
  const fields = Object.entries(entry)
    .filter(([key]) => !notShown.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  const context = entry.context === undefined ? '' : `[${entry.context}] `;
  const message = [`${context}${entry.msg ?? ''}`, ...fields].join('  ');
  const stack = entry.err?.stack === undefined ? '' : `\n${entry.err.stack}`;
  return line(entry.time, name, level, message + stack);
}

function parseEntry(text) {
  if (!text.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(text);
    return typeof entry.level === 'number' && typeof entry.time === 'number' ? entry : undefined;
  } catch {
    return undefined;
  }
}

function line(time, name, level, text) {
  const clock = new Date(time).toISOString().slice(11, 23);
  const mark = { warn: paint('yellow', 'warn '), error: paint('red', 'error') };
  const shown = mark[level] ?? (level === 'fatal' ? paint('red', 'fatal') : level.padEnd(5));
  return `${paint('dim', clock)} ${paint('cyan', name.padEnd(9))} ${shown} ${mask(text)}`;
}
