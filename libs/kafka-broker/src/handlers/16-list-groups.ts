import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * ListGroups (key 16), versions 0 to 5. Filters by state (version 4 on) and type (5 on) ignore
 * upper and lower case; every group here is of type "classic".
 */
export const listGroupsHandler = handler({
  key: ApiKeys.ListGroups,
  handle({ statesFilter, typesFilter }, { broker }) {
    const states = new Set(statesFilter.map((state) => state.toLowerCase()));
    const types = new Set(typesFilter.map((type) => type.toLowerCase()));
    const isTypeWanted = types.size === 0 || types.has(GROUP_TYPE);
    const groups = broker.groups
      .list()
      .filter(({ state }) => isTypeWanted && (states.size === 0 || states.has(state.toLowerCase())))
      .map(({ groupId, protocolType, state }) => ({
        groupId,
        protocolType,
        groupState: state,
        groupType: GROUP_TYPE,
      }));
    return { errorCode: ErrorCodes.NONE, groups };
  },
});

const GROUP_TYPE = 'classic';
