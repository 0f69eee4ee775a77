import { getRouteApi, Link } from '@tanstack/react-router';
import { Page } from '../features/shell/page.tsx';
import { TopicPage } from '../features/topics/topic-page.tsx';

const route = getRouteApi('/ui/topics/$name');

export function TopicRoute() {
  const { name } = route.useParams();
  return (
    <Page
      title={name}
      crumbs={
        <>
          <Link to="/ui/topics">Topics</Link>
          <span className="sep">/</span>
          <span className="name" title={name}>
            {name}
          </span>
        </>
      }
    >
      <TopicPage key={name} name={name} />
    </Page>
  );
}
