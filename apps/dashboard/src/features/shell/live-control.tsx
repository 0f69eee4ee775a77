import {
  IconAlertTriangle,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlugOff,
  IconRefresh,
} from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { liveStore, type LiveState } from '../../live/live-store.ts';
import { useLive } from '../../live/use-live.ts';
import { formatDuration } from '../../ui/numbers.ts';

export type LiveWord = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'paused';

/** What the page may say of itself: a broken connection outranks a pause. */
export function liveWord(state: Pick<LiveState, 'connection' | 'pausedAt'>): LiveWord {
  if (state.connection === 'reconnecting' || state.connection === 'connecting') {
    return state.connection;
  }
  return state.pausedAt === null ? state.connection : 'paused';
}

const words: Record<LiveWord, string> = {
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale',
  reconnecting: 'Reconnecting',
  paused: 'Paused',
};

export function LiveControl() {
  const connection = useLive((state) => state.connection);
  const pausedAt = useLive((state) => state.pausedAt);
  const word = liveWord({ connection, pausedAt });
  return (
    <div
      className="live"
      data-state={word}
      data-testid="live-age"
      role="group"
      aria-label="Live updates"
    >
      <span className="state" data-state={word}>
        <StateIcon word={word} />
        <b role="status" aria-label={words[word]}>
          {words[word]}
        </b>
        <Age word={word} />
      </span>
      {word === 'reconnecting' ? (
        <button type="button" onClick={() => liveStore.socket.retryNow()}>
          <IconRefresh size={14} stroke={1.75} aria-hidden="true" />
          <span className="wide-name">Retry now</span>
        </button>
      ) : (
        <PauseButton paused={pausedAt !== null} />
      )}
    </div>
  );
}

function PauseButton({ paused }: { paused: boolean }) {
  const Icon = paused ? IconPlayerPlay : IconPlayerPause;
  return (
    <button
      type="button"
      aria-keyshortcuts="Space"
      title={paused ? 'Resume live updates' : 'Pause live updates'}
      onClick={() => liveStore.setPaused(!paused)}
    >
      <Icon size={14} stroke={1.75} aria-hidden="true" />
      <span className="wide-name">{paused ? 'Resume' : 'Pause'}</span>
      <kbd className="kbd wide-only">Space</kbd>
    </button>
  );
}

function StateIcon({ word }: { word: LiveWord }) {
  if (word === 'live') return <span className="dot" data-tone="well" />;
  const Icon = {
    stale: IconAlertTriangle,
    reconnecting: IconPlugOff,
    paused: IconPlayerPause,
    connecting: IconRefresh,
  }[word];
  return <Icon size={14} stroke={1.75} aria-hidden="true" />;
}

/**
 * How old the newest frame is, or how long until the next try; read from the clock, not the stream.
 */
function Age({ word }: { word: LiveWord }) {
  const [text, setText] = useState('');
  useEffect(() => {
    const update = () => setText(ageText(word, liveStore.getState()));
    update();
    const timer = setInterval(update, 200);
    return () => clearInterval(timer);
  }, [word]);
  return (
    <span className="age" aria-hidden="true">
      {text}
    </span>
  );
}

function ageText(word: LiveWord, state: LiveState): string {
  switch (word) {
    case 'connecting':
      return '';
    case 'live':
    case 'stale':
      return formatDuration(performance.now() - state.receivedAt);
    case 'reconnecting': {
      const waitMs = state.retryAt - Date.now();
      return waitMs > 0 ? formatDuration(Math.ceil(waitMs / 1000) * 1000).replace('.0', '') : 'now';
    }
    case 'paused':
      return `+${Math.round((performance.now() - (state.pausedAt ?? 0)) / 1000)}\u00a0s`;
  }
}
