import type { LoggerService } from '@nestjs/common';
import { pino, type Logger as PinoLogger } from 'pino';
import type { LogLevel } from '../configuration/config.ts';
import { maskSecrets } from '../secrets/secrets.ts';

export type { PinoLogger };

/**
 * The logger of a process: one JSON object per line on standard output, `name` being the process.
 * Injected by this class; libraries without Nest take its `pino` as their logger.
 */
export class Logger implements LoggerService {
  readonly pino: PinoLogger;

  constructor(pinoLogger: PinoLogger) {
    this.pino = pinoLogger;
  }

  /** A logger that adds `fields` (for instance `{ topic }`) to each of its lines. */
  child(fields: Record<string, unknown>): PinoLogger {
    return this.pino.child(fields);
  }

  /** Only Nest calls this, for each module and route that it starts: they are logged as details. */
  log(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** Nest passes its context (a class name) last, and a stack before it on errors. */
  #write(level: Exclude<LogLevel, 'silent'>, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const fields: Record<string, unknown> = {};
    if (context !== undefined) fields['context'] = context;
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    if (stack !== undefined && level === 'error') fields['stack'] = stack;
    if (message instanceof Error) this.pino[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) {
      this.pino[level]({ ...fields, ...message });
    } else this.pino[level](fields, String(message));
  }
}

export interface LoggerOptions {
  /** Name of the process, for instance `api`. */
  readonly name: string;
  readonly level: LogLevel;
  /** What no line may show. */
  readonly secrets?: readonly string[];
}

export function createLogger(options: LoggerOptions): Logger {
  const { name, level, secrets = [] } = options;
  const hooks = { streamWrite: (line: string) => maskSecrets(line, secrets) };
  return new Logger(pino({ name, level, hooks }));
}
