import { parseRedisUrl } from '../configuration/redis-url.ts';

/** Why Redis cannot be used, in words for people. */
export interface RedisProblem {
  /** One sentence: which Redis, what is wrong, what it said. */
  readonly words: string;
  /** What to do about it. */
  readonly help: string;
}

interface Explanation {
  readonly said: RegExp;
  readonly means: string;
  readonly help: string;
}

const PASSWORD_HELP = 'Set REDIS_URL=redis://USER:PASSWORD@host:port and start again';

/**
 * By what Redis says first; https://redis.io/docs/latest/develop/reference/protocol-spec/ (errors).
 */
const EXPLANATIONS: readonly Explanation[] = [
  {
    said: /READONLY/,
    means: 'it is a replica, which takes no writes',
    help: 'Set REDIS_URL to its primary and start again, or make it one: REPLICAOF NO ONE',
  },
  {
    said: /\bOOM\b/,
    means: 'its memory is full (maxmemory)',
    help: 'Raise its maxmemory, or free memory in it',
  },
  { said: /NOAUTH/, means: 'it asks for a password', help: PASSWORD_HELP },
  {
    said: /WRONGPASS|invalid password|without any password configured/,
    means: 'it refuses the user or the password of REDIS_URL',
    help: PASSWORD_HELP,
  },
  {
    said: /NOPERM/,
    means: 'the user of REDIS_URL may not do what batch jobs need',
    help: 'Give the user all commands on keys that begin with penstock-: ACL SETUSER',
  },
  { said: /LOADING/, means: 'it still loads its data', help: 'It is used as soon as it is done' },
  {
    said: /protected mode/,
    means: 'it is in protected mode, in which it serves its own machine only',
    help: 'Give it a password (requirepass) and put that into REDIS_URL',
  },
  {
    said: /MISCONF/,
    means: 'it takes no writes because it cannot save its data',
    help: 'Its own log says why; most often its disk is full',
  },
  {
    said: /DB index/,
    means: 'it has no database of the number in REDIS_URL',
    help: 'Take a smaller number in REDIS_URL, or raise its setting databases',
  },
  {
    said: /max number of clients/,
    means: 'it has as many clients as it takes',
    help: 'Raise its maxclients',
  },
];

const UNREACHABLE = /ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|Connection is closed/;

/** @param said what Redis or the socket said; empty when it just does not answer */
export function explainRedis(url: string, said: string): RedisProblem {
  const { address, isLocal, port } = parseRedisUrl(url);
  const known = EXPLANATIONS.find((explanation) => explanation.said.test(said));
  if (known !== undefined) {
    return {
      words: `Redis at ${address} cannot be used: ${known.means} (${said})`,
      help: `${known.help}. It is picked up as soon as it can be used.`,
    };
  }
  if (said !== '' && !UNREACHABLE.test(said)) {
    const help = 'Batch joins by itself as soon as that is over.';
    return { words: `Redis at ${address} cannot be used: ${said}`, help };
  }
  const start = isLocal
    ? `Start one: apt-get install -y redis-server && redis-server --port ${port}`
    : 'Start it';
  return {
    words: `Redis at ${address} does not answer${said === '' ? '' : ` (${said})`}`,
    help: `${start} (or set REDIS_URL and start again). It is picked up as soon as it answers.`,
  };
}
