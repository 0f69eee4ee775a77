/**
 * Finding the pieces of JSON text without changing a byte of them. Everything here but
 * `nextValue` expects text that `JSON.parse` has accepted.
 */

/** Where a piece of text lies: bytes from `start` up to, not including, `end`. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** First byte from `start` that is not white space, or `end`. */
export function skipWhitespace(text: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = text[at];
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) break;
    at++;
  }
  return at;
}

/** Whether the text, from its first byte that is not white space, is an array. */
export function isArrayText(text: Buffer): boolean {
  return text[skipWhitespace(text, 0, text.length)] === OPEN_BRACKET;
}

/** The elements of the array that `text` is. */
export function arrayElements(text: Buffer, within: Slice = wholeOf(text)): Slice[] {
  const slices: Slice[] = [];
  let at = skipWhitespace(text, within.start, within.end) + 1;
  for (;;) {
    at = skipWhitespace(text, at, within.end);
    if (at >= within.end || text[at] === CLOSE_BRACKET) return slices;
    const end = endOfValue(text, at, within.end);
    slices.push({ start: at, end });
    at = skipWhitespace(text, end, within.end);
    if (text[at] === COMMA) at++;
  }
}

/** The values of the object that `text` is, by name; the last one when a name repeats. */
export function objectMembers(text: Buffer, within: Slice = wholeOf(text)): Map<string, Slice> {
  const members = new Map<string, Slice>();
  let at = skipWhitespace(text, within.start, within.end) + 1;
  for (;;) {
    at = skipWhitespace(text, at, within.end);
    if (at >= within.end || text[at] === CLOSE_BRACE) return members;
    const nameEnd = endOfString(text, at, within.end);
    const name = JSON.parse(text.toString('utf8', at, nameEnd)) as string;
    // The colon lies between two runs of white space.
    at = skipWhitespace(text, nameEnd, within.end) + 1;
    at = skipWhitespace(text, at, within.end);
    const end = endOfValue(text, at, within.end);
    members.set(name, { start: at, end });
    at = skipWhitespace(text, end, within.end);
    if (text[at] === COMMA) at++;
  }
}

/** The result of `nextValue`: an object, an incomplete object, the end, or something else. */
export type NextValue = Slice | 'incomplete' | 'none' | 'not-an-object';

/**
 * The next object of concatenated JSON, in text that may be anything and may end anywhere. Matching
 * braces do not make a piece valid JSON: the caller parses it.
 */
export function nextValue(text: Buffer, from: number): NextValue {
  const start = skipWhitespace(text, from, text.length);
  if (start >= text.length) return 'none';
  if (text[start] !== OPEN_BRACE) return 'not-an-object';
  const end = endOfNested(text, start, text.length);
  return end === -1 ? 'incomplete' : { start, end };
}

function wholeOf(text: Buffer): Slice {
  return { start: 0, end: text.length };
}

function endOfValue(text: Buffer, start: number, end: number): number {
  const byte = text[start];
  if (byte === QUOTE) return endOfString(text, start, end);
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
    const close = endOfNested(text, start, end);
    return close === -1 ? end : close;
  }
  let at = start;
  while (at < end && !endsScalar(text[at] as number)) at++;
  return at;
}

/** A number, true, false or null goes on until one of these. */
function endsScalar(byte: number): boolean {
  return (
    byte === COMMA ||
    byte === CLOSE_BRACKET ||
    byte === CLOSE_BRACE ||
    byte === SPACE ||
    byte === LINE_FEED ||
    byte === CARRIAGE_RETURN ||
    byte === TAB
  );
}

/** Byte after the string whose opening quote is at `start`; at most `end`. */
function endOfString(text: Buffer, start: number, end: number): number {
  let at = start + 1;
  while (at < end) {
    const byte = text[at];
    if (byte === BACKSLASH) at += 2;
    else if (byte === QUOTE) return at + 1;
    else at++;
  }
  return end;
}

/** Byte after the object or array that opens at `start`, or -1 when the text ends before. */
function endOfNested(text: Buffer, start: number, end: number): number {
  let depth = 0;
  let at = start;
  while (at < end) {
    const byte = text[at];
    if (byte === QUOTE) {
      at++;
      while (at < end && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
      if (at >= end) return -1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at + 1;
    }
    at++;
  }
  return -1;
}
