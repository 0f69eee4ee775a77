import { IconAlertTriangle, IconArrowRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { PipelineMode } from '../../generated/graphql.ts';
import { useFrame } from '../../live/use-live.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { formatTime } from '../../ui/time.ts';
import { formatExact, formatPlural } from '../../ui/numbers.ts';
import { Empty, NothingMatches, Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { groupLooks, StateMark } from '../../ui/state-mark.tsx';
import { Verdict, type VerdictText } from '../../ui/verdict.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { ModeMark } from './mode-mark.tsx';
import { PauseButton } from './pause-button.tsx';
import { currentProcessor, modeWords, pipelineNow } from './pipeline-state.ts';
import { pipelinesProblemQuery, pipelinesQuery, type Pipeline } from './queries.ts';
import { Steps } from './steps.tsx';

const route = getRouteApi('/ui/pipelines');
const modes: readonly PipelineMode[] = ['STREAM', 'BATCH', 'EITHER'];

/** What runs, how, and is any ill? */
export function PipelineList() {
  const { filter = '', mode, selected } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(pipelinesQuery);
  const change = useCallback(
    (values: Record<string, string | undefined>) =>
      void navigate({
        search: (before) =>
          Object.fromEntries(Object.entries({ ...before, ...values }).filter(([, value]) => value)),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const setFilter = useCallback((text: string) => change({ filter: text }), [change]);
  const all = query.data ?? [];
  const shown = all.filter(
    (pipeline) => pipeline.name.includes(filter) && (!mode || pipeline.mode === mode),
  );
  const chosen = shown.find((pipeline) => pipeline.name === selected) ?? shown[0];
  return (
    <>
      <PipelinesVerdict pipelines={all} isLoaded={query.data !== undefined} />
      <RefusedSources />
      <div className="filters">
        <FilterInput label="Filter by name" value={filter} onChange={setFilter} />
        <div className="segments col-wide" role="group" aria-label="Runs as">
          <button
            type="button"
            aria-pressed={mode === undefined}
            onClick={() => change({ mode: undefined })}
          >
            All {all.length}
          </button>
          {modes.map((key) => (
            <button
              key={key}
              type="button"
              aria-pressed={mode === key}
              onClick={() => change({ mode: key })}
            >
              {modeWords[key]} {all.filter((pipeline) => pipeline.mode === key).length}
            </button>
          ))}
        </div>
      </div>
      <div className="split">
        <Section title="Pipelines" hint="one definition each, run as a stream, as batches, or both">
          {query.error && (
            <SectionError what="Pipelines" error={query.error} retry={() => void query.refetch()} />
          )}
          {!query.data && !query.error && <SkeletonRows rows={6} columns={6} />}
          {shown.length > 0 && (
            <PipelineTable
              pipelines={shown}
              chosen={chosen}
              onChoose={(name) => change({ selected: name })}
            />
          )}
          {query.data && shown.length === 0 && all.length > 0 && (
            <NothingMatches
              text={`No pipeline matches${filter ? ` “${filter}”` : ''}.`}
              clear={() => change({ filter: undefined, mode: undefined })}
            />
          )}
          {query.data && all.length === 0 && (
            <Empty
              title="There is no pipeline yet."
              text="The samples show one as a stream and one as a batch job."
              command="npm start -- --demo"
            />
          )}
        </Section>
        <aside aria-label="Chosen pipeline">{chosen && <PipelineSide pipeline={chosen} />}</aside>
      </div>
    </>
  );
}

/** What was saved does not run: the definitions before go on. */
function RefusedSources() {
  const problem = useQuery(pipelinesProblemQuery).data;
  if (!problem) return null;
  return (
    <div className="notice" role="alert">
      <IconAlertTriangle size={16} color="var(--behind)" aria-hidden="true" />
      <div>
        <b>The sources saved at {formatTime(problem.at)} do not run.</b>
        <p>{problem.message}</p>
      </div>
    </div>
  );
}

function PipelinesVerdict(props: { pipelines: readonly Pipeline[]; isLoaded: boolean }) {
  const { pipelines, isLoaded } = props;
  const frame = useFrame();
  const states = pipelines.map((pipeline) => ({ pipeline, ...pipelineNow(pipeline, frame) }));
  const ill = states.filter(({ look }) => look.tone === 'fail' || look.tone === 'behind');
  const [first] = ill;
  const count = (mode: PipelineMode) => pipelines.filter((p) => p.mode === mode).length;
  const lead = `${count('STREAM')} as streams, ${count('BATCH')} as batches, ${count('EITHER')} as either.`;
  const verdict: VerdictText = !isLoaded
    ? { look: groupLooks.UNKNOWN, word: 'Reading', sentence: ['Pipelines'] }
    : first
      ? {
          look: first.look,
          word: `${ill.length} of ${pipelines.length} ${first.look.word.toLowerCase()}`,
          sentence: [
            `${pipelines.length - ill.length} of ${formatPlural(pipelines.length, 'pipeline')} do their work. `,
            { b: first.pipeline.name },
            ` is ${first.look.word.toLowerCase()}.`,
          ],
          lead: [lead],
        }
      : {
          look: groupLooks.KEEPING_UP,
          word: 'All well',
          sentence: [
            pipelines.length === 0
              ? 'No pipeline is defined yet.'
              : `${formatPlural(pipelines.length, 'pipeline does its work', 'pipelines do their work')}.`,
          ],
          lead: [lead],
        };
  return <Verdict verdict={verdict} />;
}

function PipelineTable(props: {
  pipelines: readonly Pipeline[];
  chosen: Pipeline | undefined;
  onChoose: (name: string) => void;
}) {
  const frame = useFrame();
  return (
    <TableScroll label="Table of pipelines">
      <table className="table tall bleed">
        <thead>
          <tr>
            <th scope="col">Pipeline</th>
            <th scope="col" className="col-wide">
              Runs as
            </th>
            <th scope="col" className="col-roomy">
              From, to
            </th>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Now or last run
            </th>
            <th scope="col" className="num col-wide">
              Dead letters
            </th>
            <th scope="col" className="num col-roomy">
              Inst.
            </th>
          </tr>
        </thead>
        <tbody>
          {props.pipelines.map((pipeline) => {
            const { look, now } = pipelineNow(pipeline, frame);
            const processor = currentProcessor(pipeline, frame);
            return (
              <tr
                key={pipeline.name}
                className="row-link"
                data-selected={pipeline === props.chosen}
                onClick={() => props.onChoose(pipeline.name)}
              >
                <th scope="row">
                  <Link
                    to="/ui/pipelines/$name"
                    params={{ name: pipeline.name }}
                    title={pipeline.name}
                    data-row
                  >
                    {pipeline.name}
                  </Link>
                </th>
                <td className="col-wide">
                  <ModeMark mode={pipeline.mode} />
                </td>
                <td className="col-roomy cut">
                  <FromTo pipeline={pipeline} />
                </td>
                <td>
                  <StateMark look={look} />
                </td>
                <td className="num" data-live>
                  {now}
                </td>
                <td className="num col-wide">
                  {processor ? formatExact(processor.deadLettered) : '—'}
                </td>
                <td className="num col-roomy">{processor ? processor.instances : '—'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableScroll>
  );
}

function FromTo({ pipeline }: { pipeline: Pipeline }) {
  return (
    <span className="from-to">
      <span className="truncate" title={pipeline.sources.join(', ')}>
        {pipeline.sources.join(', ')}
      </span>
      <IconArrowRight size={13} role="img" aria-label="to" />
      <span className="truncate" title={pipeline.sinks.join(', ')}>
        {pipeline.sinks.join(', ') || 'a file'}
      </span>
    </span>
  );
}

function PipelineSide({ pipeline }: { pipeline: Pipeline }) {
  const frame = useFrame();
  const processor = currentProcessor(pipeline, frame);
  return (
    <div className="side">
      <Section title={pipeline.name} aside={<ModeMark mode={pipeline.mode} />}>
        <p className="soft" style={{ marginBottom: 12 }}>
          {pipeline.description}
        </p>
        <Steps pipeline={pipeline} />
        <PipelineFacts pipeline={pipeline} />
        <div className="side-actions">
          <Link className="btn btn-small" to="/ui/pipelines/$name" params={{ name: pipeline.name }}>
            Open
          </Link>
          {processor && <PauseButton pipeline={pipeline} processor={processor} small />}
          {pipeline.batchJob && (
            <Link
              className="btn btn-small"
              to="/ui/batch-jobs/$name"
              params={{ name: pipeline.batchJob.name }}
            >
              Open batch job
            </Link>
          )}
        </div>
      </Section>
    </div>
  );
}

/** The topic appears with its first record; until then there is nothing to open. */
function DeadLetterTopic({ name }: { name: string }) {
  const isThere = useFrame()?.topics.some((topic) => topic.name === name) ?? false;
  if (!isThere) return <span title="It is created with the first dead letter">{name}</span>;
  return (
    <Link to="/ui/topics/$name" params={{ name }}>
      {name}
    </Link>
  );
}

export function PipelineFacts({ pipeline }: { pipeline: Pipeline }) {
  const frame = useFrame();
  const processor = currentProcessor(pipeline, frame);
  return (
    <dl className="data-list" style={{ marginTop: 14 }}>
      {pipeline.groupId !== null && (
        <>
          <dt>Group</dt>
          <dd>
            <Link to="/ui/consumer-groups/$groupId" params={{ groupId: pipeline.groupId }}>
              {pipeline.groupId}
            </Link>
          </dd>
        </>
      )}
      {processor && (
        <>
          <dt>Records</dt>
          <dd data-live>
            {formatExact(processor.consumed)} read, {formatExact(processor.produced)} written
          </dd>
        </>
      )}
      {pipeline.deadLetterTopic !== null && (
        <>
          <dt>Dead letters</dt>
          <dd>
            {processor ? `${formatExact(processor.deadLettered)} in ` : ''}
            <DeadLetterTopic name={pipeline.deadLetterTopic} />
          </dd>
        </>
      )}
      {processor && (
        <>
          <dt>Outputs</dt>
          <dd>
            at least once, with deterministic ids (header <code>penstock.id</code>)
          </dd>
          {pipeline.stateHash !== '' && (
            <>
              <dt>State</dt>
              <dd>exactly once</dd>
            </>
          )}
        </>
      )}
      {pipeline.batchJob && (
        <>
          <dt>Schedule</dt>
          <dd>{pipeline.batchJob.scheduleText ?? 'by hand only'}</dd>
        </>
      )}
      {processor?.lastError && (
        <>
          <dt>Last error</dt>
          <dd className="tone-fail">{processor.lastError}</dd>
        </>
      )}
    </dl>
  );
}
