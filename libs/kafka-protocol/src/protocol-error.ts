/**
 * Bytes from the wire that are not what the protocol says. The only error that decoding throws; a
 * broker answers it by closing the connection, because there is no version-independent error reply.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** Byte position, from the start of the buffer that was being read, where reading failed. */
  readonly position: number;
  /** What was expected there, for example `4 bytes of int32`. */
  readonly expected: string;
  /**
   * Field path such as `topics/0/partitions/1/records`; empty when the failure is outside a field.
   */
  path = '';

  constructor(position: number, expected: string) {
    super(`at byte ${position}: expected ${expected}`);
    this.position = position;
    this.expected = expected;
  }

  /** Adds an enclosing field to the path while the error travels outwards. */
  within(segment: string | number): this {
    this.path = this.path === '' ? String(segment) : `${segment}/${this.path}`;
    this.message = `${this.path}: at byte ${this.position}: expected ${this.expected}`;
    return this;
  }
}
