import {
  internalTopics,
  type PipelineDefinition,
  sinkTopics,
  sourceTopics,
  tableTopics,
} from '../../topology/pipeline-definition.ts';
import type { KafkaPort } from '../runtime-ports.ts';
import {
  createInternalTopics,
  createMissingOutputs,
  createMissingTopics,
} from '../topic-creation.ts';

/**
 * Creates the missing topics of a stream; returns their names.
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
  const { partitions } = definition;
  const read = topics.sources ? [...sources, ...tableTopics(definition)] : [];
  return [
    ...(read.length > 0 ? await createMissingTopics(kafka, read) : []),
    ...(await createMissingOutputs(kafka, sinkTopics(definition), sources, partitions)),
    ...(await createInternalTopics(kafka, internalTopics(definition), sources, partitions)),
  ];
}
