import { getRouteApi, Link } from '@tanstack/react-router';
import { JobPage } from '../features/batch/job-page.tsx';
import { Page } from '../features/shell/page.tsx';
import { BatchGlyph } from '../ui/glyphs.tsx';

const route = getRouteApi('/ui/batch-jobs/$name');

export function JobRoute() {
  const { name } = route.useParams();
  return (
    <Page
      title={name}
      crumbs={
        <>
          <Link to="/ui/batch-jobs">Batch jobs</Link>
          <span className="sep">/</span>
          <span className="name" title={name}>
            {name}
          </span>
          <span className="glyph">
            <BatchGlyph /> batch job
          </span>
        </>
      }
    >
      <JobPage key={name} name={name} />
    </Page>
  );
}
