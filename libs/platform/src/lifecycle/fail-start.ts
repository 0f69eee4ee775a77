import { ConfigError } from '../configuration/config-error.ts';
import { environmentSecrets } from '../configuration/config.ts';
import { DatabaseProblem } from '../database/database-problem.ts';
import { MigrationError } from '../database/migration-files.ts';
import { maskSecrets } from '../secrets/secrets.ts';

const KNOWN = [ConfigError, MigrationError, DatabaseProblem];
const KNOWN_CODES = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EROFS', 'ENOSPC'];

/** Ends a process that cannot start, with one line when the user can correct the reason. */
export function failStart(name: string, error: unknown): never {
  const code = String((error as { code?: unknown } | null)?.code);
  const known = KNOWN.some((kind) => error instanceof kind) || KNOWN_CODES.includes(code);
  const text = known ? (error as Error).message : ((error as Error).stack ?? String(error));
  process.stderr.write(`${name}: ${maskSecrets(text, environmentSecrets())}\n`);
  process.exit(1);
}
