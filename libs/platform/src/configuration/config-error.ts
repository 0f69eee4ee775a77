import { maskSecrets, secretsOf } from '../secrets/secrets.ts';

/** A setting whose value cannot be used. Its message is one line that says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly variable: string;
  readonly value: string;
  readonly allowed: string;

  constructor(variable: string, value: string, allowed: string) {
    const shown = maskSecrets(value, secretsOf({ [variable]: value }));
    super(`${variable}=${JSON.stringify(shown)} cannot be used: allowed is ${allowed}`);
    this.variable = variable;
    this.value = shown;
    this.allowed = allowed;
  }
}
