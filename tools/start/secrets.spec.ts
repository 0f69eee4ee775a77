import { SeededRandom } from '@penstock/testing';
import { describe, expect, it } from 'vitest';
import { loadConfig, maskSecrets } from '@penstock/platform';

const ALPHABET = 'abcXYZ019-._~!$&\'()*+,;=:@%/?# "\\<>é€'.split('');

const secretsOf = (env: Record<string, string>) => loadConfig(env).secrets;

describe('secrets', () => {
  it('are in no text that was masked, however they are written', () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
    const random = new SeededRandom(seed);
    for (let round = 0; round < 500; round++) {
      const length = random.int(4, 24);
      const secret = Array.from({ length }, () => random.pick(ALPHABET)).join('');
      const encoded = encodeURIComponent(secret);
      const secrets = secretsOf({
        REDIS_URL: `rediss://user:${encoded}@redis.example:6380/1`,
        PENSTOCK_KAFKA_SASL_PASSWORD: secret,
      });
      const texts = [
        `redis://user:${encoded}@host/0 refused`,
        `ReplyError: WRONGPASS, command: auth user ${secret}`,
        JSON.stringify({ command: { name: 'auth', args: ['user', secret] } }),
        JSON.stringify({ url: `redis://:${encoded}@host` }),
      ];
      for (const text of texts) {
        const masked = maskSecrets(text, secrets);
        const why = `seed ${seed}, round ${round}: ${JSON.stringify(secret)} in ${masked}`;
        for (const spelling of [secret, encoded, JSON.stringify(secret).slice(1, -1)]) {
          expect(masked.includes(spelling), why).toBe(false);
        }
      }
    }
  });

  it('are found in URLs that nobody told of, and leave all else as it is', () => {
    expect(maskSecrets('see redis://u:pw@host:1/2 and http://host/a:b@c', [])).toBe(
      'see redis://u:***@host:1/2 and http://host/a:b@c',
    );
    expect(
      secretsOf({ PENSTOCK_BIND: 'localhost', KAFKA_SSL_KEY_PASSWORD_FILE: '/run/pw' }),
    ).toEqual([]);
    const jaas = 'ScramLoginModule required username="a" password="inner-one";';
    expect(secretsOf({ KAFKA_SASL_JAAS_CONFIG: jaas })).toContain('inner-one');
  });
});
