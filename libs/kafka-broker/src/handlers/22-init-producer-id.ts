import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * InitProducerId (key 22), versions 0 to 4.
 *
 * - Without a transactional id: a new producer id, never given before, epoch 0. A producer that
 *   names its id and epoch (KIP-360) gets a new id too: sequences then start from 0 everywhere.
 * - Deviation: with a transactional id UNSUPPORTED_VERSION 35; transactions are not built.
 */
export const initProducerIdHandler = handler({
  key: ApiKeys.InitProducerId,
  async handle({ transactionalId }, { broker }) {
    if (transactionalId !== null) {
      const errorCode =
        transactionalId === '' ? ErrorCodes.INVALID_REQUEST : ErrorCodes.UNSUPPORTED_VERSION;
      return { errorCode, producerId: -1, producerEpoch: -1 };
    }
    try {
      const producerId = await broker.producerIds.take();
      return { errorCode: ErrorCodes.NONE, producerId, producerEpoch: 0 };
    } catch (error) {
      broker.logger.error({ err: error }, 'no producer id');
      return {
        errorCode: ErrorCodes.COORDINATOR_NOT_AVAILABLE,
        producerId: -1,
        producerEpoch: -1,
      };
    }
  },
});
