import { ApiKeys, type ApiKey } from '@penstock/kafka-protocol';
import type { WireClient } from '../broker/wire-client.ts';

/**
 * Requests with the answers that Apache Kafka gave, as text:
 *
 *   settings log.retention.hours=24        settings of the broker that was asked
 *
 *   ## retention.ms=soon                   what the request is about
 *   CreateTopics 7 {"topics":[…]}          API, version, and the body, without what has a usual
 *   value {"topics":[…]}                         the answer, without what differs from broker to
 *   broker
 *
 * In bodies `id of NAME` stands for a topic's id. tools/golden/record-answers.ts writes the
 * answers.
 */
export interface Recording {
  readonly settings: Readonly<Record<string, string>>;
  readonly cases: readonly RecordedCase[];
}

export interface RecordedCase {
  readonly title: string;
  readonly api: keyof typeof ApiKeys;
  readonly version: number;
  readonly body: unknown;
  readonly answer: unknown;
}

export function parseRecording(text: string): Recording {
  const settings: Record<string, string> = {};
  const cases: RecordedCase[] = [];
  for (const block of text.split(/\n{2,}/)) {
    const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('# '));
    if (lines[0]?.startsWith('settings ')) {
      for (const pair of lines[0].split(' ').slice(1)) {
        const [name = '', value = ''] = pair.split('=');
        settings[name] = value;
      }
      continue;
    }
    const [title, request = '', answer] = lines;
    const match = /^(\w+) (\d+) (.+)$/.exec(request);
    if (title === undefined || match === null) continue;
    cases.push({
      title: title.replace(/^## /, ''),
      api: match[1] as keyof typeof ApiKeys,
      version: Number(match[2]),
      body: JSON.parse(match[3] ?? 'null'),
      answer: answer === undefined ? undefined : JSON.parse(answer),
    });
  }
  return { settings, cases };
}

/** Asks one broker after the other case, and knows the ids of its topics. */
export class Replay {
  readonly #client: WireClient;
  readonly #ids = new Map<string, string>();

  constructor(client: WireClient) {
    this.#client = client;
  }

  /** The answer to a case, in the form in which it is recorded. */
  async ask({ api, version, body }: RecordedCase): Promise<unknown> {
    const key: ApiKey = ApiKeys[api];
    const full = withUsualValues(api, this.#revive(body));
    const answer = await this.#client.send(key, version, full as never);
    this.#learn(answer);
    return shown(JSON.parse(JSON.stringify(answer)));
  }

  #revive(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#revive(each));
    if (typeof value === 'string' && value.startsWith('id of ')) {
      return this.#ids.get(value.slice('id of '.length)) ?? value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if ('hex' in value) return Buffer.from(String(value.hex), 'hex');
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, this.#revive(inner)]),
    );
  }

  #learn(answer: object): void {
    const { topics } = answer as { topics?: unknown };
    for (const topic of Array.isArray(topics) ? (topics as unknown[]) : []) {
      const { name, topicId } = topic as { name?: string; topicId?: string };
      if (name && topicId && !topicId.startsWith('00000000')) this.#ids.set(name, topicId);
    }
  }
}

/** What the recorded bodies leave out. */
function withUsualValues(api: string, body: unknown): unknown {
  const fields = body as Record<string, unknown>;
  switch (api) {
    case 'CreateTopics': {
      const topics = (fields['topics'] as object[]).map((topic) => ({
        ...{ numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
        ...topic,
      }));
      return { validateOnly: false, timeoutMs: 5000, ...fields, topics };
    }
    case 'CreatePartitions': {
      const topics = (fields['topics'] as object[]).map((topic) => ({
        assignments: null,
        ...topic,
      }));
      return { validateOnly: false, timeoutMs: 5000, ...fields, topics };
    }
    case 'Metadata': {
      const topics = (fields['topics'] as object[] | null)?.map((topic) => ({
        topicId: '00000000-0000-0000-0000-000000000000',
        ...topic,
      }));
      return { includeTopicAuthorizedOperations: false, ...fields, topics: topics ?? null };
    }
    case 'DescribeConfigs':
      return { includeSynonyms: true, includeDocumentation: false, ...fields };
    case 'AlterConfigs':
    case 'IncrementalAlterConfigs':
      return { validateOnly: false, ...fields };
    case 'ListOffsets':
      return { replicaId: -1, isolationLevel: 0, ...fields };
    case 'DeleteTopics':
    case 'DeleteRecords':
      return { timeoutMs: 5000, ...fields };
    default:
      return body;
  }
}

const LEFT_OUT = new Set(['throttleTimeMs', 'clusterId', 'logDir', 'topicConfigErrorCode']);
const REPLACED: Readonly<Record<string, string>> = { port: 'a port', host: 'a host' };
const SPACE = new Set(['totalBytes', 'usableBytes']);
const ZERO = '00000000-0000-0000-0000-000000000000';
const DEFAULT_SOURCE = 5;

/** An answer without what differs from broker to broker; lists by name, configs as short text. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return sorted((value as unknown[]).map(shown));
  if (typeof value !== 'object' || value === null) return value;
  const fields: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (LEFT_OUT.has(name) || (name === 'topicId' && inner === ZERO)) continue;
    if (name === 'topicId') fields[name] = 'an id';
    else if (name in REPLACED) fields[name] = REPLACED[name];
    else if (SPACE.has(name)) fields[name] = Number(inner) >= 0 ? 'bytes' : inner;
    else if (name.endsWith('AuthorizedOperations') && Number(inner) < 0) continue;
    else if (name === 'configs') fields[name] = shownConfigs(inner as ShownConfig[]);
    else fields[name] = shown(inner);
  }
  return fields;
}

interface ShownConfig {
  name: string;
  value: string | null;
  configSource: number;
  readOnly: boolean;
  isSensitive: boolean;
  configType?: number;
  synonyms?: { name: string; value: string | null; source: number }[];
}

/** `value@source`, then what is special, then where else a value comes from. */
function shownConfigs(configs: readonly ShownConfig[]): Record<string, string> {
  const entries = configs
    .filter(isTelling)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value, configSource, readOnly, isSensitive, configType, synonyms }) => [
      name,
      [
        `${value}@${configSource}`,
        ...(configType === undefined ? [] : [`type ${configType}`]),
        ...(readOnly ? ['read only'] : []),
        ...(isSensitive ? ['secret'] : []),
        ...(synonyms ?? []).map((from) => `${from.name}=${from.value}@${from.source}`),
      ].join(' '),
    ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Defaults are left out, but for times: their defaults come in several units. */
function isTelling({ name, configSource, configType }: ShownConfig): boolean {
  return configSource !== DEFAULT_SOURCE || (configType !== undefined && name.endsWith('.ms'));
}

function sorted(values: unknown[]): unknown[] {
  if (typeof values[0] !== 'object') return values;
  return values.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

export function formatCase({ title, api, version, body }: RecordedCase, answer: unknown): string {
  return [`## ${title}`, `${api} ${version} ${JSON.stringify(body)}`, JSON.stringify(answer)].join(
    '\n',
  );
}
