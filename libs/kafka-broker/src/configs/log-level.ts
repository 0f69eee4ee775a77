/** How much the process logs; it can be changed while it runs, until its end. */
export interface LogLevel {
  get(): string;
  set(level: string): void;
}
