import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** Milliseconds since the Unix epoch. */
export const Timestamp = new GraphQLScalarType<number, number>({
  name: 'Timestamp',
  description: 'Milliseconds since the Unix epoch, UTC.',
  serialize: (value) => toInteger('Timestamp', value),
  parseValue: (value) => toInteger('Timestamp', value),
  parseLiteral: (node) => literal('Timestamp', node),
});

/** Offsets and counts. Above 2^53 a JSON number would not be exact; Kafka is far from there. */
export const Long = new GraphQLScalarType<number, number>({
  name: 'Long',
  description: 'A 64-bit count or offset as a JSON number (safe to 2^53).',
  serialize: (value) => toInteger('Long', value),
  parseValue: (value) => toInteger('Long', value),
  parseLiteral: (node) => literal('Long', node),
});

function toInteger(scalar: string, value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    throw new GraphQLError(`${scalar} is a whole number up to 2^53, not ${String(value)}.`);
  }
  return number;
}

function literal(scalar: string, node: { kind: string; value?: unknown }): number {
  if (node.kind !== Kind.INT) {
    throw new GraphQLError(`${scalar} is a whole number, not a ${node.kind}.`);
  }
  return toInteger(scalar, Number(node.value));
}
