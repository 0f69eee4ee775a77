/** A pipeline is not defined as it can run. Thrown where it is defined, before anything starts. */
export class PipelineDefinitionError extends Error {
  override readonly name = 'PipelineDefinitionError';
  readonly code = 'PIPELINE_DEFINITION';
  readonly pipeline: string;

  constructor(pipeline: string, message: string) {
    super(`pipeline "${pipeline}": ${message}`);
    this.pipeline = pipeline;
  }
}

/**
 * Thrown by an operator to say: not this record is at fault, but something it needs is away (a
 * service, a database). The processor tries again for ever, with back-off; nothing is dropped and
 * nothing is dead-lettered. Any other error counts against the record.
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
}
