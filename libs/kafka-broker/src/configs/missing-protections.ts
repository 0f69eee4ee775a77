import { BROKER_CONFIGS } from './broker-config-table.ts';

/** A broken rule, by the setting to change. */
export interface BrokenRule {
  readonly setting: string;
  readonly message: string;
}

/**
 * A protection that Apache Kafka has and this broker does not, with the settings that ask for it.
 */
interface MissingProtection {
  /** What is missing, as it completes "this broker has no …". */
  readonly what: string;
  readonly names: RegExp;
}

const MISSING: readonly MissingProtection[] = [
  { what: 'authorization', names: /^(authorizer\.class\.name|super\.users)$/ },
  { what: 'authorization', names: /^allow\.everyone\.if\.no\.acl\.found$/ },
  { what: 'authentication', names: /^(listener\.name\..+\.)?sasl\./ },
  { what: 'authentication', names: /^listener\.name\..+\.(sasl\.|principal\.builder\.class$)/ },
  { what: 'authentication', names: /^(principal\.builder\.class|connections\.max\.reauth\.ms)$/ },
  { what: 'authentication', names: /^delegation\.token\.(secret|master)\.key$/ },
  // Bitnami's container image makes users of these.
  {
    what: 'authentication',
    names: /^(client\.(users|passwords)|(inter\.broker|controller)\.(user|password))$/,
  },
  { what: 'TLS', names: /^(listener\.name\..+\.)?ssl\./ },
  { what: 'TLS', names: /^(tls\..+|certificate\.password|security\.providers)$/ },
  { what: 'TLS or authentication', names: /^security\.inter\.broker\.protocol$/ },
  {
    what: 'quotas',
    names: /^(client\.quota\.callback\.class|quota\.(producer|consumer)\.default)$/,
  },
  {
    what: 'policies for topics and configs',
    names: /^(create\.topic|alter\.config)\.policy\.class\.name$/,
  },
  { what: 'providers of values from elsewhere', names: /^config\.providers$/ },
];

/** Values that ask for no protection, for settings where that is not the default value. */
const ASKS_FOR_NOTHING: Readonly<Record<string, string>> = {
  'allow.everyone.if.no.acl.found': 'true',
  'tls.client.auth': 'none',
};

/**
 * The first setting that asks for a protection which is missing here; undefined when none does. To
 * run without it would leave open what somebody believes to be closed. The value is not repeated:
 * it may be a secret.
 */
export function missingProtection(
  values: Iterable<readonly [string, string]>,
): BrokenRule | undefined {
  for (const [setting, value] of values) {
    if (asksForNothing(setting, value.trim())) continue;
    const missing = MISSING.find(({ names }) => names.test(setting));
    if (missing === undefined) continue;
    const message = `${setting} asks for a protection, and this broker has no ${missing.what}. Without this setting it runs unprotected.`;
    return { setting, message };
  }
  return undefined;
}

function asksForNothing(setting: string, value: string): boolean {
  if (value === '') return true;
  const off = ASKS_FOR_NOTHING[setting] ?? BROKER_CONFIGS.get(setting)?.defaultValue;
  return value.toLowerCase() === off?.toLowerCase();
}
