import { ApiKeys } from '@penstock/kafka-protocol';
import { replaceResource } from '../configs/config-resources.ts';
import { alterEach } from './44-incremental-alter-configs.ts';
import { handler } from './handler.ts';

/**
 * AlterConfigs (key 33), versions 0 to 2. Replaces all explicitly set values of a resource: what
 * the request does not name goes back to its default. Else like IncrementalAlterConfigs, without
 * loggers.
 */
export const alterConfigsHandler = handler({
  key: ApiKeys.AlterConfigs,
  handle: ({ resources, validateOnly }, { broker }) =>
    alterEach(broker, resources, (resource) =>
      replaceResource(broker, resource, resource.configs, validateOnly),
    ),
});
