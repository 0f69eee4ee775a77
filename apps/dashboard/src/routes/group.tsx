import { getRouteApi, Link } from '@tanstack/react-router';
import { GroupPage } from '../features/consumer-groups/group-page.tsx';
import { Page } from '../features/shell/page.tsx';
import { useLive } from '../live/use-live.ts';

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
          <span>{groupId}</span>
          {topics?.slice(0, 2).map((name) => (
            <Link key={name} className="tag" to="/ui/topics/$name" params={{ name }}>
              reads {name}
            </Link>
          ))}
        </>
      }
    >
      <GroupPage key={groupId} groupId={groupId} />
    </Page>
  );
}
