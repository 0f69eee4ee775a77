import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { StateProblem } from '../../generated/graphql.ts';
import { liveStore, type LiveGroup } from '../../live/live-store.ts';
import { useFrame, useLive } from '../../live/use-live.ts';
import { useRefetchOnChange } from '../../live/use-refetch-on-change.ts';
import { Figure, FigureStrip } from '../../ui/figure.tsx';
import { formatCount, formatDuration, formatExact, formatRateValue } from '../../ui/numbers.ts';
import { Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { processorLooks, StateMark } from '../../ui/state-mark.tsx';
import { Verdict, type VerdictText } from '../../ui/verdict.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { GroupCharts } from '../consumer-groups/group-charts.tsx';
import { groupVerdict } from '../consumer-groups/group-verdict.ts';
import { groupFacts } from '../consumer-groups/use-group-facts.ts';
import { PauseButton } from './pause-button.tsx';
import { PipelineFacts } from './pipeline-list.tsx';
import {
  currentProcessor,
  isPausing,
  pipelineNow,
  type CurrentProcessor,
} from './pipeline-state.ts';
import { pipelinesQuery, type Pipeline } from './queries.ts';
import { StateChoices } from './state-choices.tsx';
import { Steps } from './steps.tsx';

export function PipelinePage({ name }: { name: string }) {
  const query = useQuery(pipelinesQuery);
  const pipeline = query.data?.find((candidate) => candidate.name === name);
  if (query.error) {
    return (
      <Section title={name}>
        <SectionError what="Pipelines" error={query.error} retry={() => void query.refetch()} />
      </Section>
    );
  }
  if (!query.data) {
    return (
      <Section title={name}>
        <SkeletonRows rows={8} columns={5} />
      </Section>
    );
  }
  if (!pipeline) {
    return (
      <div className="verdict">
        <div>
          <h1>
            There is no pipeline <b>{name}</b>.
          </h1>
          <p className="lead">
            <Link to="/ui/pipelines">All pipelines</Link>
          </p>
        </div>
      </div>
    );
  }
  return <KnownPipeline pipeline={pipeline} />;
}

function KnownPipeline({ pipeline }: { pipeline: Pipeline }) {
  const frame = useFrame();
  const processor = currentProcessor(pipeline, frame);
  const group = frame?.groups.find((candidate) => candidate.groupId === pipeline.groupId);
  return (
    <>
      <Verdict
        verdict={useVerdict(pipeline, processor, group)}
        actions={
          <>
            {pipeline.batchJob && (
              <Link
                className="btn"
                to="/ui/batch-jobs/$name"
                params={{ name: pipeline.batchJob.name }}
              >
                Open batch job
              </Link>
            )}
            {processor && <PauseButton pipeline={pipeline} processor={processor} />}
          </>
        }
      />
      {processor?.stateProblem && (
        <StateChoices
          pipeline={pipeline}
          problem={processor.stateProblem}
          lag={group?.lag ?? null}
        />
      )}
      {processor && <ProcessorFigures processor={processor} group={group} />}
      <div style={{ borderBottom: '1px solid var(--line)' }}>
        <Section title="Steps" hint={pipeline.description}>
          <Steps pipeline={pipeline} />
        </Section>
      </div>
      {pipeline.groupId !== null && (
        <GroupCharts groupId={pipeline.groupId} health={group?.health ?? 'UNKNOWN'} />
      )}
      <div className="split">
        {processor ? <Instances pipeline={pipeline} /> : <div />}
        <aside aria-label="Facts">
          <Section title="Facts">
            <PipelineFacts pipeline={pipeline} />
          </Section>
        </aside>
      </div>
    </>
  );
}

function useVerdict(
  pipeline: Pipeline,
  processor: CurrentProcessor | null,
  group: LiveGroup | undefined,
): VerdictText {
  const frame = useFrame();
  const events = useLive((state) => state.events);
  const { look, now } = pipelineNow(pipeline, frame);
  if (!processor) {
    const sentence = pipeline.batchJob?.scheduleText
      ? `Runs as a batch job, ${pipeline.batchJob.scheduleText}.`
      : 'Runs as a batch job, started by hand.';
    return { look, sentence: [sentence], lead: [`Last run: ${now}.`] };
  }
  if (isPausing(processor)) {
    const lead = 'The records that were read are finished and committed first.';
    return { look, sentence: ['Pauses: its instances stop reading.'], lead: [lead] };
  }
  if (processor.stateProblem) {
    return {
      look: { ...look, word: 'Stopped' },
      sentence: [stateSentences[processor.stateProblem]],
      lead: [processor.lastError ?? 'The reason was not reported.'],
    };
  }
  switch (processor.state) {
    case 'RUNNING':
      return group && frame
        ? groupVerdict(groupFacts(group, frame, events))
        : { look, sentence: ['Runs; its group has committed no offset yet.'] };
    case 'PAUSED': {
      const waiting = group?.lag ?? null;
      const waits = waiting === null ? '' : `; ${formatExact(waiting)} records wait`;
      return {
        look,
        sentence: [`Paused by hand${waits}.`],
        lead: ['Resume goes on where it stopped.'],
      };
    }
    case 'STARTING':
      return { look, sentence: ['Starts: joins its consumer group.'] };
    case 'RETRYING':
      return {
        look,
        sentence: ['Tries the same records again.'],
        lead: [processor.lastError ?? 'The reason was not reported.'],
      };
    case 'FAILED':
      return {
        look,
        sentence: ['Stopped working.'],
        lead: [processor.lastError ?? 'The reason was not reported.'],
      };
    case 'STOPPED':
      return {
        look,
        sentence: ['Not running: no worker has taken it.'],
        lead: [processor.lastError ?? 'It starts by itself when a worker is there.'],
      };
  }
}

const stateSentences: Record<StateProblem, string> = {
  CHANGED:
    'Its steps with state changed. It reads nothing until you choose what the state becomes.',
  LOST: 'Its state is missing. It reads nothing until the state is back or it starts over.',
};

function ProcessorFigures(props: { processor: CurrentProcessor; group: LiveGroup | undefined }) {
  const { processor, group } = props;
  return (
    <FigureStrip label="Figures">
      <Figure
        label="Records in"
        value={formatRateValue(group?.outPerSecond)}
        unit="/s"
        note={`of ${formatRateValue(group?.inPerSecond)}/s arriving`}
        hint="Growth of the committed offsets, mean of the last 10 s"
        metric="processor-in"
        exact={group?.outPerSecond}
      />
      <Figure
        label="Read"
        value={formatCount(processor.consumed)}
        note={`${formatExact(processor.consumed)} in all`}
        hint="Records read, as the instances report them"
        metric="consumed"
        exact={processor.consumed}
      />
      <Figure
        label="Written"
        value={formatCount(processor.produced)}
        note={formatExact(processor.produced)}
        hint="Records written to the sinks and acknowledged"
        metric="produced"
        exact={processor.produced}
      />
      <Figure
        label="Lag"
        value={formatExact(group?.lag)}
        unit="records"
        note={group?.lag == null ? 'no offset committed yet' : 'log end − committed'}
        metric="lag"
        exact={group?.lag}
      />
      <Figure
        label="Dead letters"
        value={formatExact(processor.deadLettered)}
        note={
          processor.deadLettered > 0 ? (
            <b className="tone-behind">given up with a reason</b>
          ) : (
            'none'
          )
        }
        hint="Records given up and written to the dead-letter topic with the reason in headers"
        metric="dead-letters"
        exact={processor.deadLettered}
      />
      <Figure
        label="Instances"
        value={String(processor.instances)}
        note={processorLooks[processor.state].word.toLowerCase()}
      />
    </FigureStrip>
  );
}

function Instances({ pipeline }: { pipeline: Pipeline }) {
  // Ages count up with each frame; the instances' reports are fetched again when a figure changed.
  const frame = useFrame();
  const now = currentProcessor(pipeline, frame);
  useRefetchOnChange(['pipelines'], now && `${now.state} ${now.instances} ${now.consumed}`);
  const instances = pipeline.processor?.instances ?? [];
  return (
    <Section title="Instances" hint="in worker processes, as they last reported">
      {instances.length === 0 && <p className="quiet">No worker runs it now.</p>}
      {instances.length > 0 && (
        <TableScroll label="Table of instances">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Worker</th>
                <th scope="col">State</th>
                <th scope="col" className="num">
                  Partitions
                </th>
                <th scope="col" className="num">
                  Read
                </th>
                <th scope="col" className="num">
                  Written
                </th>
                <th scope="col" className="num col-wide">
                  Dead letters
                </th>
                <th scope="col" className="num col-wide">
                  Reported
                </th>
              </tr>
            </thead>
            <tbody>
              {instances.map((instance) => (
                <tr key={instance.workerId}>
                  <th scope="row" title={instance.lastError ?? undefined}>
                    {instance.workerId}
                  </th>
                  <td>
                    <StateMark look={processorLooks[instance.state]} />
                  </td>
                  <td className="num">{instance.partitions}</td>
                  <td className="num">{formatExact(instance.consumed)}</td>
                  <td className="num">{formatExact(instance.produced)}</td>
                  <td className="num col-wide">{formatExact(instance.deadLettered)}</td>
                  <td className="num quiet col-wide">
                    {formatDuration(Math.max(0, liveStore.shownAt - instance.reportedAt))} ago
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Section>
  );
}
