/** The definition of a pipeline is invalid. Thrown where it is defined, before anything starts. */
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
 * Thrown by an operator to say that the record is not at fault: something the operator needs is
 * unavailable (a service, a database). The processor tries again for ever, with back-off; nothing
 * is dropped and nothing is dead-lettered. Any other error counts against the record.
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
}
