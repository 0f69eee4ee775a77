import {
  advertisedVersions,
  ApiKeys,
  ErrorCodes,
  type ApiKey,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * ApiVersions (key 18), versions 0 to 4.
 *
 * - Lists every API offered; Produce from version 0, though 0 to 2 are refused: librdkafka up to
 *   2.11.0 compresses only where it finds version 0 (KAFKA-18659).
 * - A version above ours is answered in version 0 with error 35 and the versions of ApiVersions
 *   alone (KIP-511), as Kafka does; the dispatcher does that without reading the body.
 * - Versions 3 on check name and version of the client's software: INVALID_REQUEST 42.
 * - Finalized feature `metadata.version` tells consoles which Kafka this resembles (4.0).
 * - Deviation: `transaction.version` is not a feature here, so clients keep to transactions V1.
 */
export const apiVersionsHandler = handler({
  key: ApiKeys.ApiVersions,
  handle(request, { apiVersion }) {
    if (
      apiVersion >= 3 &&
      !(
        SOFTWARE_TEXT.test(request.clientSoftwareName) &&
        SOFTWARE_TEXT.test(request.clientSoftwareVersion)
      )
    ) {
      return { errorCode: ErrorCodes.INVALID_REQUEST, apiKeys: [] };
    }
    return {
      errorCode: ErrorCodes.NONE,
      apiKeys: advertisedVersions(offeredKeys()),
      supportedFeatures: [
        {
          name: 'metadata.version',
          minVersion: METADATA_VERSION_MIN,
          maxVersion: METADATA_VERSION,
        },
      ],
      finalizedFeaturesEpoch: 1,
      finalizedFeatures: [
        {
          name: 'metadata.version',
          maxVersionLevel: METADATA_VERSION,
          minVersionLevel: METADATA_VERSION,
        },
      ],
    };
  },
});

/** The answer to an ApiVersions request in a version that this broker does not know. */
export function unsupportedApiVersions(): ResponseInputOf<typeof ApiKeys.ApiVersions> {
  return {
    errorCode: ErrorCodes.UNSUPPORTED_VERSION,
    apiKeys: advertisedVersions([ApiKeys.ApiVersions]),
  };
}

function offeredKeys(): ApiKey[] {
  return Object.values(ApiKeys).toSorted((a, b) => a - b);
}

/** `MetadataVersion.IBP_4_0_IV3` and the lowest that Kafka 4 knows, `IBP_3_3_IV3`. */
const METADATA_VERSION = 25;
const METADATA_VERSION_MIN = 7;

const SOFTWARE_TEXT = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
