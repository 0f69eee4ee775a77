/** A refusal with Kafka's error code and a message for people. */
export interface Refusal {
  readonly error: number;
  readonly message: string | null;
}
