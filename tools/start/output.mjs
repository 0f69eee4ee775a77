const colours = { dim: 2, red: 31, yellow: 33, cyan: 36, green: 32 };
const coloured = Boolean(process.stdout.isTTY) && process.env.NO_COLOR === undefined;
const paint = (colour, text) => (coloured ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text);

const levelNames = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const notShown = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'context', 'err']);

/** A reader that went away (`npm start | head`) must not take the log down with it. */
export function keepWritingWithoutReader() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Prints one line of the supervisor's own. */
export function say(name, text, level = 'info') {
  console.log(line(Date.now(), name, level, text));
}

/** Prints what a process wrote: its JSON lines as readable text, everything else as it is. */
export function printOutput(name, stream) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) if (text.trim() !== '') console.log(readable(name, text));
  });
  stream.on('end', () => {
    if (rest.trim() !== '') console.log(readable(name, rest));
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
  return `${paint('dim', clock)} ${paint('cyan', name.padEnd(9))} ${shown} ${text}`;
}
