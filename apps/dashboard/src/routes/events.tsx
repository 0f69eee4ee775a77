import { EventsPage } from '../features/events/events-page.tsx';
import { Page } from '../features/shell/page.tsx';

export function EventsRoute() {
  return (
    <Page title="Events" crumbs={<span>Events</span>}>
      <EventsPage />
    </Page>
  );
}
