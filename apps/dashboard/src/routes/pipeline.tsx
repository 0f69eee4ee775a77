import { getRouteApi, Link } from '@tanstack/react-router';
import { Page } from '../features/shell/page.tsx';
import { PipelinePage } from '../features/pipelines/pipeline-page.tsx';

const route = getRouteApi('/ui/pipelines/$name');

export function PipelineRoute() {
  const { name } = route.useParams();
  return (
    <Page
      title={name}
      crumbs={
        <>
          <Link to="/ui/pipelines">Pipelines</Link>
          <span className="sep">/</span>
          <span className="name" title={name}>
            {name}
          </span>
        </>
      }
    >
      <PipelinePage key={name} name={name} />
    </Page>
  );
}
