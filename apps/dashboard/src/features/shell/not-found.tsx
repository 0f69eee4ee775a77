import { Link } from '@tanstack/react-router';
import { Page } from './page.tsx';

export function NotFound() {
  return (
    <Page title="Not found" crumbs="Not found">
      <div className="verdict">
        <div>
          <h1>There is no page at this address.</h1>
          <p className="lead">
            <Link to="/">Open the Overview</Link>, or press <kbd className="kbd">/</kbd> on a list
            to find what you look for.
          </p>
        </div>
      </div>
    </Page>
  );
}
