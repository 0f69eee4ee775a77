import { Page } from '../features/shell/page.tsx';
import { PipelineList } from '../features/pipelines/pipeline-list.tsx';

export function PipelinesRoute() {
  return (
    <Page title="Pipelines" crumbs={<span>Pipelines</span>}>
      <PipelineList />
    </Page>
  );
}
