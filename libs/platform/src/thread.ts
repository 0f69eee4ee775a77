// What a thread that runs user code needs of this library. It loads neither Nest nor Prisma nor the
// client of Redis, which each thread would pay for.
export { KafkaClients } from './kafka/kafka-clients.ts';
export { createLogger } from './logging/logger.ts';
