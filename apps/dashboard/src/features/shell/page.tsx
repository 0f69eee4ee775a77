import { useEffect, type ReactNode } from 'react';
import { useFrame, useLive } from '../../live/use-live.ts';
import { formatTime } from '../../ui/time.ts';
import { groupLooks, StateMark } from '../../ui/state-mark.tsx';
import { TopBar } from './top-bar.tsx';

/** A page: its bar, what is said when the connection is lost, and its sheet. */
export function Page(props: { title: string; crumbs: ReactNode; children: ReactNode }) {
  const connection = useLive((state) => state.connection);
  const isStale = connection === 'stale' || connection === 'reconnecting';
  useEffect(() => {
    document.title = `${props.title} · Penstock`;
  }, [props.title]);
  return (
    <>
      <TopBar crumbs={props.crumbs} />
      <div className="page" data-stale={isStale}>
        {connection === 'reconnecting' && <ConnectionLost />}
        {props.children}
      </div>
    </>
  );
}

function ConnectionLost() {
  const frame = useFrame();
  const problem = useLive((state) => state.problem);
  return (
    <div className="problem" role="alert">
      <StateMark look={groupLooks.NO_MEMBERS} word="Connection lost" />
      <span>
        {frame ? `Showing ${formatTime(frame.at)}. ` : 'Nothing was received yet. '}
        {problem ?? 'Work goes on; only this page waits.'}
      </span>
    </div>
  );
}
