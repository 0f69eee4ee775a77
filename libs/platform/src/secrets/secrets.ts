/** Stands where a secret was. */
const MASK = '***';
/** A shorter secret is masked only inside URLs: it occurs by chance in too many words. */
const LENGTH_MIN = 4;
const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|JAAS/i;
/** `scheme://user:password@`; the password ends at the last @ before the path. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@"]*):([^\s/"]*)@/gi;

/**
 * The secrets among the variables that a process was started with, which must not appear in a log,
 * an answer or a terminal: passwords in URLs, also percent-encoded, and the values of variables
 * whose name says that they are secret.
 */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue;
    const isSecret = SECRET_NAME.test(name) && !name.endsWith('_FILE');
    if (isSecret) secrets.add(value);
    // A login module's options are `password="…"` inside of the value.
    if (isSecret) {
      for (const [, inner] of value.matchAll(/password="([^"]+)"/g)) secrets.add(inner!);
    }
    for (const [, , password] of value.matchAll(USER_INFO)) secrets.add(password!);
  }
  return [...secrets].flatMap(spellings).filter((text) => text.length >= LENGTH_MIN);
}

/** A text without secrets: those that are known, and the password of any URL. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text.replaceAll(USER_INFO, `$1:${MASK}@`);
  for (const secret of secrets) masked = masked.replaceAll(secret, MASK);
  return masked;
}

/** The longest comes first, so that masking a shorter one does not leave parts of it. */
function spellings(secret: string): string[] {
  const decoded = decode(secret);
  const plain = [secret, decoded, encodeURIComponent(secret), encodeURIComponent(decoded)];
  const all = plain.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
