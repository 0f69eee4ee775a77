import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  ProtocolError,
  type ApiKey,
} from '../index.ts';

/** Messages written by Apache Kafka's own serializers: see tools/golden/GoldenMessages.java. */
const folder = new URL('./golden/', import.meta.url);

interface GoldenMessage {
  readonly side: string;
  readonly version: number;
  readonly variant: string;
  readonly values: Record<string, unknown>;
  readonly frame: Buffer;
}

function readGolden(file: string): GoldenMessage[] {
  const lines = readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n').slice(1);
  const messages: GoldenMessage[] = [];
  for (let index = 0; index < lines.length; index += 3) {
    const [side, version, variant] = lines[index]!.split(' ');
    const values = JSON.parse(lines[index + 1]!, reviveBytes) as Record<string, unknown>;
    const frame = Buffer.from(lines[index + 2]!, 'hex');
    messages.push({ side: side!, version: Number(version), variant: variant!, values, frame });
  }
  return messages;
}

function reviveBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('hex' in value)) return value;
  return Buffer.from(value.hex as string, 'hex');
}

function decode(key: ApiKey, message: GoldenMessage, frame = message.frame): unknown {
  return message.side === 'request'
    ? decodeRequest(frame).body
    : decodeResponse(key, message.version, frame).body;
}

function encode(key: ApiKey, { side, version }: GoldenMessage, body: unknown): Buffer {
  const chunks =
    side === 'request'
      ? encodeRequest(key, version, { correlationId: 4711, clientId: 'golden' }, body as never)
      : encodeResponse(key, version, 4711, body as never);
  const bytes = Buffer.concat(chunks);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return bytes.subarray(4);
}

const files = readdirSync(folder);

describe('every offered API', () => {
  it('has golden messages for each of its versions, in both directions', () => {
    const expected: string[] = [];
    for (const { key, versions } of Object.values(apis)) {
      for (let version = versions.min; version <= versions.max; version++) {
        for (const side of ['request', 'response']) expected.push(`${key} ${side} ${version}`);
      }
    }
    const found = files.flatMap((file) =>
      readGolden(file).map(({ side, version }) => `${parseInt(file, 10)} ${side} ${version}`),
    );
    expect(new Set(found)).toEqual(new Set(expected));
  });
});

describe.each(files)('%s', (file) => {
  const key = parseInt(file, 10) as ApiKey;
  const messages = readGolden(file);

  it('decodes what Kafka encodes', () => {
    for (const message of messages) {
      const { side, version, variant, values } = message;
      expect(decode(key, message), `${side} ${version} ${variant}`).toMatchObject(values);
    }
  });

  it('encodes the same values to the same bytes, and what it decoded to them again', () => {
    for (const message of messages) {
      const { side, version, variant, values, frame } = message;
      const name = `${side} ${version} ${variant}`;
      expect(encode(key, message, values).toString('hex'), name).toBe(frame.toString('hex'));
      const again = encode(key, message, decode(key, message));
      expect(again.toString('hex'), `${name} decoded`).toBe(frame.toString('hex'));
    }
  });

  it('rejects every message that is cut short', () => {
    for (const message of messages) {
      for (let length = 0; length < message.frame.length; length++) {
        const name = `${message.side} ${message.version} ${message.variant} cut to ${length}`;
        expect(
          outcomeOf(() => decode(key, message, message.frame.subarray(0, length))),
          name,
        ).toBe('ProtocolError');
      }
    }
  });
});

function outcomeOf(action: () => unknown): string {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return error instanceof ProtocolError ? 'ProtocolError' : String(error);
  }
}
