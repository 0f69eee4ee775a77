import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { IconClock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { SystemQuery } from '../../generated/graphql.ts';
import { serverAddress } from '../../graphql/address.ts';
import { useFrame } from '../../live/use-live.ts';
import { GapChart } from '../../ui/chart/gap-chart.tsx';
import { Figure, FigureStrip } from '../../ui/figure.tsx';
import { formatDuration, formatPlural } from '../../ui/numbers.ts';
import { useRange } from '../../ui/range.ts';
import { Command, Section } from '../../ui/section.tsx';
import { Verdict } from '../../ui/verdict.tsx';
import { LagChart } from '../consumer-groups/lag-chart.tsx';
import { systemQuery } from '../system/queries.ts';
import { firstRunTools } from '../system/commands.ts';
import './first-run.css';

/** Ready, and nothing was sent yet: three commands, what was checked, and axes that wait. */
export function FirstRun() {
  const frame = useFrame();
  const { data: system } = useQuery(systemQuery);
  const range = useRange();
  if (!frame) return null;
  const readyFor = system ? `for ${formatDuration(Math.max(0, frame.at - system.startedAt))}` : '';
  const noCommit = frame.totals.groups === 0 ? 'no group yet' : 'no offset committed yet';
  return (
    <>
      <Verdict
        verdict={{
          look: { tone: 'unknown', word: 'Ready', icon: IconClock },
          since: readyFor,
          sentence: ['Ready. Nothing has been sent yet.'],
          lead: system
            ? [
                'Kafka clients connect to ',
                { b: system.bootstrapServers },
                ', HTTP to ',
                { b: serverAddress().replace(/^https?:\/\//, '') },
                '. This page fills itself as soon as the first record is stored.',
              ]
            : [],
        }}
      />
      <FigureStrip label="Figures">
        <Figure label="Produced" value="—" note="no record yet" />
        <Figure label="Consumed" value="—" note={noCommit} />
        <Figure label="Lag, all groups" value="—" note={noCommit} />
        <Figure
          label="Workers"
          value={String(frame.workersAlive)}
          unit="alive"
          note={formatPlural(frame.processors.length, 'stream processor')}
        />
      </FigureStrip>
      <div className="split first-run">
        <Steps system={system} />
        <aside className="stack" aria-label="Checks and keys">
          <Section title="Checked now">
            <Checks system={system} />
          </Section>
          <Section title="Coming from a cluster?">
            <p className="soft" style={{ marginBottom: 8 }}>
              Point the same page at it. Nothing is copied or changed.
            </p>
            <Command text={'KAFKA_BOOTSTRAP_SERVERS=host:9092 \\\n  npm start'} />
          </Section>
        </aside>
      </div>
      <div className="row-2" style={{ borderTop: '1px solid var(--line)' }}>
        <Section title="Arriving and consumed" hint="records/s">
          <GapChart
            arriving={[{ kind: 'TOTAL', subject: '*', metric: 'IN' }]}
            consumed={[{ kind: 'TOTAL', subject: '*', metric: 'OUT' }]}
            rangeSeconds={range.seconds}
            height={150}
            emptyText="begins with the first record"
          />
        </Section>
        <Section title="Lag" hint="records not yet committed, by group">
          <LagChart groups={[]} rangeSeconds={range.seconds} height={150} />
        </Section>
      </div>
    </>
  );
}

function Steps({ system }: { system: SystemQuery['system'] | undefined }) {
  const [tool, setTool] = useState('curl');
  if (!system) return <div />;
  const tools = firstRunTools(serverAddress(), system.bootstrapServers);
  const chosen = tools.find((candidate) => candidate.tool === tool) ?? tools[0]!;
  return (
    <Section
      title="Three commands to a living page"
      aside={
        <div className="switch">
          {tools.map((candidate) => (
            <button
              key={candidate.tool}
              type="button"
              aria-pressed={candidate === chosen}
              onClick={() => setTool(candidate.tool)}
            >
              {candidate.tool}
            </button>
          ))}
        </div>
      }
    >
      <ol className="steps">
        <Step
          number={1}
          title="Send a record"
          hint="any topic name; it is made on first use"
          waiting
        >
          <Command text={chosen.send} />
        </Step>
        <Step number={2} title="Read it in a group" hint="lag and members appear">
          <Command text={chosen.read} />
        </Step>
        <Step
          number={3}
          title="Make it work for you"
          hint={
            <>
              the samples as streams and batches; see <Link to="/ui/pipelines">Pipelines</Link>
            </>
          }
        >
          <Command text="npm start -- --demo" />
        </Step>
      </ol>
    </Section>
  );
}

function Step(props: {
  number: number;
  title: string;
  hint: ReactNode;
  waiting?: boolean;
  children: ReactNode;
}) {
  return (
    <li data-current={props.waiting}>
      <span className="number" aria-hidden="true">
        {props.number}
      </span>
      <header>
        <h3>{props.title}</h3>
        <span className="quiet small">{props.hint}</span>
        {props.waiting && (
          <span className="small soft waiting" role="status">
            <span className="dot" data-tone="run" /> waiting for the first record
          </span>
        )}
      </header>
      {props.children}
    </li>
  );
}

function Checks({ system }: { system: SystemQuery['system'] | undefined }) {
  const frame = useFrame();
  if (!system || !frame) return null;
  const { redis } = system;
  return (
    <dl className="checks">
      <Check name="Broker" ok={frame.brokerError === null}>
        {frame.brokerError ?? `answers on ${system.bootstrapServers}`}
      </Check>
      <Check name="Data" ok>
        {system.dataDir}, durability {system.durability}
      </Check>
      <Check name="Redis" ok={frame.redisConnected}>
        {frame.redisError ?? redis.url}
      </Check>
      <Check name="Worker" ok={frame.workersAlive > 0}>
        {frame.workersAlive > 0 ? `${frame.workersAlive} connected` : 'none yet'}
      </Check>
    </dl>
  );
}

function Check({ name, ok, children }: { name: string; ok: boolean; children: ReactNode }) {
  const Icon = ok ? IconCircleCheck : IconCircleX;
  return (
    <div>
      <dt className={ok ? undefined : 'tone-fail'}>
        <Icon
          size={15}
          stroke={1.75}
          color={ok ? 'var(--well)' : 'currentColor'}
          role="img"
          aria-label={ok ? 'in order' : 'not there'}
        />
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
