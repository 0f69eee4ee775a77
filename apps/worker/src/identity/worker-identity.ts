import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';

/** Who this process is among the workers; a restarted one is another. */
@Injectable()
export class WorkerIdentity {
  readonly host = hostname();
  readonly pid = process.pid;
  /** Milliseconds since epoch. */
  readonly startedAt = Date.now();
  readonly id = `${this.host}-${this.pid}-${randomBytes(3).toString('hex')}`;
}
