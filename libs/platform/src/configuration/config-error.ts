/** A setting whose value cannot be used. Its message is one line that says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly variable: string;
  readonly value: string;
  readonly allowed: string;

  constructor(variable: string, value: string, allowed: string) {
    super(`${variable}=${JSON.stringify(value)} cannot be used: allowed is ${allowed}`);
    this.variable = variable;
    this.value = value;
    this.allowed = allowed;
  }
}
