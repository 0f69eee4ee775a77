import { getRouteApi } from '@tanstack/react-router';
import { Page } from '../features/shell/page.tsx';
import { TopicList } from '../features/topics/topic-list.tsx';

const route = getRouteApi('/ui/topics');

export function TopicsRoute() {
  const { filter = '', internal = false } = route.useSearch();
  return (
    <Page title="Topics" crumbs={<span>Topics</span>}>
      <TopicList filter={filter} internal={internal} />
    </Page>
  );
}
