import { getRouteApi, Link } from '@tanstack/react-router';
import { GroupPage } from '../features/consumer-groups/group-page.tsx';
import { Page } from '../features/shell/page.tsx';
import { useLive } from '../live/use-live.ts';

const topicsNamed = 2;
const route = getRouteApi('/ui/consumer-groups/$groupId');

export function GroupRoute() {
  const { groupId } = route.useParams();
  const topics = useLive(
    (state) => state.frame?.groups.find((group) => group.groupId === groupId)?.topics,
  );
  return (
    <Page
      title={groupId}
      crumbs={
        <>
          <Link to="/ui/consumer-groups">Consumer groups</Link>
          <span className="sep">/</span>
          <span className="name" title={groupId}>
            {groupId}
          </span>
          {topics?.slice(0, topicsNamed).map((name) => (
            <Link key={name} className="tag" to="/ui/topics/$name" params={{ name }} title={name}>
              reads {name}
            </Link>
          ))}
          {topics && topics.length > topicsNamed && (
            <span className="glyph" title={topics.slice(topicsNamed).join(', ')}>
              and {topics.length - topicsNamed} more
            </span>
          )}
        </>
      }
    >
      <GroupPage key={groupId} groupId={groupId} />
    </Page>
  );
}
