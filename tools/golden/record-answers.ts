import { ApiKeys } from '@penstock/kafka-protocol';
import { formatCase, parseRecording, Replay, WireClient } from '@penstock/testing';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Asks a running Apache Kafka what libs/kafka-broker/src/handlers/testdata/*.txt ask, and writes
 * its answers there. Not part of the build or the tests. It empties the broker that it is given,
 * which has node id 1, the settings of the files, `offsets.topic.num.partitions=1`, and
 * `--feature eligible.leader.replicas.version=0` when it was formatted:
 *
 *   node --conditions=source tools/golden/record-answers.ts HOST:PORT FILE…
 */
const [address = '', ...files] = process.argv.slice(2);
const [host = '127.0.0.1', port = '9092'] = address.split(':');

/** Kafka answers before it has applied a change, so the next request may not see it yet. */
const SETTLE_MS = 250;
const CHANGES = /^(Create|Delete|Alter|Incremental|Produce)/;

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const client = await WireClient.connect(Number(port), host);
  await empty(client, text);
  const replay = new Replay(client);
  const head = text.slice(0, text.indexOf('## ')).trimEnd();
  const blocks: string[] = [];
  for (const recorded of parseRecording(text).cases) {
    blocks.push(formatCase(recorded, await replay.ask(recorded)));
    if (CHANGES.test(recorded.api)) {
      await new Promise((resolve) => {
        setTimeout(resolve, SETTLE_MS);
      });
    }
  }
  await client[Symbol.asyncDispose]();
  writeFileSync(file, `${head}\n\n${blocks.join('\n\n')}\n`);
}

/** Takes away what was there before: topics, and settings changed at run time. */
async function empty(client: WireClient, text: string): Promise<void> {
  const all = { topics: null, includeTopicAuthorizedOperations: false };
  const { topics } = await client.send(ApiKeys.Metadata, 9, all);
  const topicNames = topics.map(({ name }) => name ?? '').filter((name) => !name.startsWith('__'));
  await client.send(ApiKeys.DeleteTopics, 5, { topicNames, timeoutMs: 10_000 });
  const named = [...text.matchAll(/"resourceType":(4|16|32),"resourceName":"([^"]*)"/g)];
  const resources = new Map(
    named.map(([key, resourceType, resourceName = '']) => [
      key,
      { resourceType: Number(resourceType), resourceName, configs: [] },
    ]),
  );
  await client.send(ApiKeys.AlterConfigs, 2, {
    resources: [...resources.values()],
    validateOnly: false,
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 4 * SETTLE_MS);
  });
}
