import { getRouteApi } from '@tanstack/react-router';
import { GroupList } from '../features/consumer-groups/group-list.tsx';
import { Page } from '../features/shell/page.tsx';

const route = getRouteApi('/ui/consumer-groups');

export function GroupsRoute() {
  const { filter = '', state } = route.useSearch();
  return (
    <Page title="Consumer groups" crumbs={<span>Consumer groups</span>}>
      <GroupList filter={filter} state={state} />
    </Page>
  );
}
