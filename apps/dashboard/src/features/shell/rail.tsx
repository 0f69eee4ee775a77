import { IconPlayerPlay, IconSearch, IconTrendingUp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useFrame } from '../../live/use-live.ts';
import type { LiveFrame } from '../../live/live-store.ts';
import { Mark } from '../../ui/glyphs.tsx';
import { formatDuration } from '../../ui/numbers.ts';
import { processLooks } from '../../ui/state-mark.tsx';
import { setUi } from '../../ui/ui-state.ts';
import { isProblem } from '../consumer-groups/health.ts';
import { jobsQuery } from '../batch/queries.ts';
import { pipelinesQuery } from '../pipelines/queries.ts';
import { systemQuery } from '../system/queries.ts';
import { navItems, type NavPath } from './nav.ts';

export function Rail() {
  const { data: system } = useQuery(systemQuery);
  return (
    <nav className="rail" aria-label="Main">
      <Link to="/" className="brand">
        <Mark />
        <span className="label">Penstock</span>
      </Link>
      <div className="place">
        <b className="truncate">{system?.bootstrapServers ?? '\u00a0'}</b>
        <span>{system ? brokerWords(system.brokerKind) : '\u00a0'}</span>
      </div>
      <button
        type="button"
        className="find"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => setUi({ paletteOpen: true })}
      >
        <IconSearch size={16} stroke={1.75} aria-hidden="true" />
        <span className="label">Find or do</span>
        <kbd className="kbd">{isMac() ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <NavLinks />
      <RailFoot />
    </nav>
  );
}

function brokerWords(kind: 'EMBEDDED' | 'CLUSTER'): string {
  return kind === 'EMBEDDED' ? 'embedded broker' : 'Kafka cluster';
}

function isMac(): boolean {
  return navigator.platform.startsWith('Mac');
}

function NavLinks() {
  const frame = useFrame();
  const { data: pipelines } = useQuery(pipelinesQuery);
  const { data: jobs } = useQuery(jobsQuery);
  return (
    <div className="nav">
      {navItems.map(({ to, label, icon: Icon }, index) => (
        <div key={to} style={{ display: 'contents' }}>
          {index === navItems.length - 1 && <hr />}
          <Link to={to} activeOptions={{ exact: to === '/', includeSearch: false }}>
            <Icon size={16} stroke={1.75} aria-hidden="true" />
            <span className="label">{label}</span>
            {navCount(to, frame, { pipelines: pipelines?.length, jobs: jobs?.length })}
          </Link>
        </div>
      ))}
    </div>
  );
}

function navCount(
  to: NavPath,
  frame: LiveFrame | null,
  known: { pipelines: number | undefined; jobs: number | undefined },
): ReactNode {
  if (to === '/ui/topics') return <span className="count">{frame?.totals.topics}</span>;
  if (to === '/ui/pipelines') return <span className="count">{known.pipelines}</span>;
  if (to === '/ui/consumer-groups') {
    const problems = frame?.groups.filter((group) => isProblem(group.health)).length ?? 0;
    if (problems === 0) return <span className="count">{frame?.totals.groups}</span>;
    return (
      <span className="count" data-tone="behind" title={`${problems} with a problem`}>
        <IconTrendingUp size={14} aria-hidden="true" />
        {problems}
      </span>
    );
  }
  if (to === '/ui/batch-jobs') {
    const active = frame?.totals.runsActive ?? 0;
    if (active === 0) return <span className="count">{known.jobs}</span>;
    return (
      <span className="count" data-tone="run" title={`${active} active`}>
        <IconPlayerPlay size={13} aria-hidden="true" />
        {active}
      </span>
    );
  }
  return null;
}

/** What the rest stands on: broker, Redis and workers, as the last frame found them. */
function RailFoot() {
  const frame = useFrame();
  const { data: system } = useQuery(systemQuery);
  const broker = frame?.processes.find((process) => process.name === 'broker');
  const brokerFails = frame !== null && frame.brokerError !== null;
  const startedAt = broker?.startedAt ?? system?.startedAt;
  const upFor =
    frame && startedAt ? `up ${formatDuration(Math.max(0, frame.at - startedAt))}` : '—';
  const brokerTone = brokerFails ? 'fail' : broker ? processLooks[broker.state].tone : 'well';
  return (
    <dl className="rail-foot" data-testid="rail-foot">
      <div>
        <dt style={{ display: 'contents' }}>
          <span className="dot" data-tone={frame ? brokerTone : 'unknown'} />
          <span className="label">Broker</span>
        </dt>
        <dd className={brokerFails ? 'tone-fail' : undefined}>
          {brokerFails
            ? 'no answer'
            : broker && broker.state !== 'RUNNING'
              ? processLooks[broker.state].word
              : upFor}
        </dd>
      </div>
      <div>
        <dt>
          <span className="label">Redis</span>
        </dt>
        <dd>{frame ? (frame.redisConnected ? 'connected' : 'not usable') : '—'}</dd>
      </div>
      <div>
        <dt>
          <span className="label">Workers</span>
        </dt>
        <dd>{frame?.workersAlive ?? '—'}</dd>
      </div>
    </dl>
  );
}
