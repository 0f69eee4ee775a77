import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { useLive } from '../../live/use-live.ts';
import type { FailedProps } from '../../ui/on-demand.tsx';
import { Verdict } from '../../ui/verdict.tsx';
import { Page } from './page.tsx';

/** In the place of a page whose code did not come. */
export function PageNotLoaded({ retry }: FailedProps) {
  return (
    <PageFailed
      word="Not loaded"
      sentence="The server did not send the code of this page."
      lead="It opens by itself as soon as the server answers. All that was open is kept."
      retry={retry}
    />
  );
}

/** In the place of a page that cannot be drawn; the others live on. */
export function PageBroken({ error, reset }: ErrorComponentProps) {
  return (
    <PageFailed
      word="Not shown"
      sentence="This page cannot be shown: it met something that it does not expect."
      lead={error instanceof Error ? error.message : String(error)}
      retry={reset}
    />
  );
}

function PageFailed(props: { word: string; sentence: string; lead: string; retry: () => void }) {
  const { word, sentence, lead, retry } = props;
  // A reload fetches everything from the server: while the server is away, it would lose the page.
  const isThere = useLive((state) => state.connection) === 'live';
  return (
    <Page title={word} crumbs={<span>{word}</span>}>
      <Verdict
        verdict={{
          look: { tone: 'fail', word, icon: IconAlertTriangle },
          sentence: [sentence],
          lead: [lead],
        }}
        actions={
          <>
            <button type="button" className="btn" onClick={retry}>
              <IconRefresh size={15} stroke={1.75} aria-hidden="true" /> Try again
            </button>
            <button
              type="button"
              className="btn"
              disabled={!isThere}
              title={isThere ? undefined : 'The server does not answer now'}
              onClick={() => window.location.reload()}
            >
              Reload
            </button>
          </>
        }
      />
    </Page>
  );
}
