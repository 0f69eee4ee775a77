import {
  compactedSinks,
  internalTopics,
  type PipelineDefinition,
  sinkTopics,
  sourceTopics,
  tableTopics,
} from '../topology/pipeline-definition.ts';
import { isRefusal } from './kafka-errors.ts';
import type { KafkaPort } from './runtime-ports.ts';
import {
  createInternalTopics,
  createMissingOutputs,
  createMissingTopics,
} from './topic-creation.ts';

/**
 * Creates the missing topics of a pipeline; returns their names.
 *
 * @param topics `sources`: also those that it reads. They are created once: one that is deleted
 *   later stays deleted
 */
export async function createTopicsOf(
  definition: PipelineDefinition,
  kafka: KafkaPort,
  topics: { readonly sources: boolean },
): Promise<string[]> {
  const sources = sourceTopics(definition);
  const { partitions, deadLetterTopic, lateTopic } = definition;
  const compacted = compactedSinks(definition);
  const others = sinkTopics(definition).filter((topic) => !compacted.includes(topic));
  const created: string[] = [];
  if (topics.sources) {
    // Before the sources: who reads a table's topic as a source, too, does not own it.
    const tables = { partitions, compacted: true };
    created.push(...(await createMissingTopics(kafka, tableTopics(definition), tables)));
    created.push(...(await createMissingTopics(kafka, sources, { partitions })));
  }
  created.push(
    ...(await createMissingOutputs(kafka, compacted, sources, { partitions, compacted: true })),
    ...(await createMissingOutputs(kafka, others, sources, { partitions })),
  );
  try {
    const letters = [deadLetterTopic, lateTopic];
    created.push(...(await createMissingOutputs(kafka, letters, sources, { partitions })));
  } catch (error) {
    // They may never be needed: who may not create topics is stopped by the first letter, not now.
    if (!isRefusal(error)) throw error;
  }
  if (definition.runsAs.stream) {
    const internal = internalTopics(definition);
    created.push(...(await createInternalTopics(kafka, internal, sources, partitions)));
  }
  return created;
}
