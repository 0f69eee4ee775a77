/** UUIDs travel as 16 bytes and are used as lower-case 8-4-4-4-12 text. */
export const ZERO_UUID = '00000000-0000-0000-0000-000000000000';

const HEX = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Text of the 16 bytes at `position`; the caller has checked that they are there. */
export function readUuid(buffer: Buffer, position: number): string {
  const hex = buffer.toString('hex', position, position + 16);
  return (
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-` +
    `${hex.slice(16, 20)}-${hex.slice(20)}`
  );
}

/** Writes `uuid` as 16 bytes at `position`. Throws RangeError when it is not a UUID's text. */
export function writeUuid(buffer: Buffer, uuid: string, position: number): void {
  if (!HEX.test(uuid)) throw new RangeError(`not a UUID: ${uuid}`);
  buffer.write(uuid.replaceAll('-', ''), position, 16, 'hex');
}
