import { useFrame } from '../live/use-live.ts';
import { FirstRun } from '../features/first-run/first-run.tsx';
import { Page } from '../features/shell/page.tsx';
import { Overview } from '../features/overview/overview.tsx';

/** The Overview, or what to do first while nothing has ever been stored. */
export function OverviewRoute() {
  const frame = useFrame();
  const isEmpty =
    frame !== null &&
    frame.brokerError === null &&
    frame.topics.every((topic) => topic.endOffsetSum === 0 || isInternal(topic.name));
  return (
    <Page title="Overview" crumbs={<span>Overview</span>}>
      {frame === null ? null : isEmpty ? <FirstRun /> : <Overview />}
    </Page>
  );
}

/** In internal topics pipelines tell each other that nothing has come. */
function isInternal(topic: string): boolean {
  return topic.endsWith('-repartition');
}
