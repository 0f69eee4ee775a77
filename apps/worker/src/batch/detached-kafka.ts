import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KafkaPort } from '@penstock/pipelines';

type Admin = ReturnType<KafkaPort['admin']>;
type Producer = ReturnType<KafkaPort['producer']>;
type Consumer = ReturnType<KafkaPort['consumer']>;
type Outgoing = Parameters<Producer['send']>[0]['messages'];

/**
 * Kafka as a detached run has it: it reads the topics as any run does, but what it writes goes to a
 * file per topic, and no topic is made.
 */
export class DetachedKafka implements KafkaPort {
  readonly #kafka: KafkaPort;
  readonly #folder: string;
  readonly #producers = new WeakSet<object>();

  /** @param folder where the files go; made with the first record */
  constructor(kafka: KafkaPort, folder: string) {
    this.#kafka = kafka;
    this.#folder = folder;
  }

  admin(): Admin {
    return new Proxy(this.#kafka.admin(), {
      get: (admin, name) => {
        if (name === 'createTopics') {
          return () => Promise.resolve([]);
        }
        const member: unknown = Reflect.get(admin, name, admin);
        return typeof member === 'function' ? (member.bind(admin) as unknown) : member;
      },
    });
  }

  /** The runtime only sends. */
  producer(): Producer {
    const send = async ({ messages }: { messages: Outgoing }): Promise<object> => {
      await this.#write(messages);
      return {};
    };
    const producer = { send } as unknown as Producer;
    this.#producers.add(producer);
    return producer;
  }

  consumer(...settings: Parameters<KafkaPort['consumer']>): Consumer {
    return this.#kafka.consumer(...settings);
  }

  async release(client: Parameters<KafkaPort['release']>[0]): Promise<void> {
    if (!this.#producers.has(client)) {
      await this.#kafka.release(client);
    }
  }

  async #write(messages: Outgoing): Promise<void> {
    const lines = new Map<string, string>();
    for (const { topic, key, value } of messages) {
      const line = `${JSON.stringify({ key: textOf(key), value: readable(value) })}\n`;
      lines.set(topic, (lines.get(topic) ?? '') + line);
    }
    await mkdir(this.#folder, { recursive: true });
    for (const [topic, text] of lines) {
      await appendFile(join(this.#folder, detachedFile(topic)), text);
    }
  }
}

/** Name of the file that has what a detached run would have written to a topic. */
export function detachedFile(topic: string): string {
  return `${topic}.ndjson`;
}

function textOf(bytes: Buffer | null | undefined): string | null {
  return bytes == null ? null : bytes.toString();
}

/** JSON stays JSON; other bytes are text. */
function readable(bytes: Buffer | null | undefined): unknown {
  const text = textOf(bytes);
  if (text === null) {
    return null;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
