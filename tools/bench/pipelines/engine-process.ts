import { ManagedProcess } from '@penstock/testing';
import type { Engine } from './engines.ts';

/** Starts an engine on a topology. Its state lies in `stateFolder`. */
export function startEngine(
  { command, args }: Engine,
  topology: string,
  port: number,
  stateFolder: string,
): ManagedProcess {
  return new ManagedProcess({
    command,
    args: [...args, `127.0.0.1:${port}`, topology, stateFolder],
  });
}
