import { JobList } from '../features/batch/job-list.tsx';
import { Page } from '../features/shell/page.tsx';

export function JobsRoute() {
  return (
    <Page title="Batch jobs" crumbs={<span>Batch jobs</span>}>
      <JobList />
    </Page>
  );
}
