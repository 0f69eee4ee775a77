import { getRouteApi } from '@tanstack/react-router';
import { Page } from '../features/shell/page.tsx';
import { TopicList } from '../features/topics/topic-list.tsx';

const route = getRouteApi('/ui/topics');

export function TopicsRoute() {
  const { filter = '', internal = false, rows = 0, open } = route.useSearch();
  return (
    <Page title="Topics" crumbs={<span>Topics</span>}>
      <TopicList filter={filter} internal={internal} rows={rows} isCreating={open === 'create'} />
    </Page>
  );
}
