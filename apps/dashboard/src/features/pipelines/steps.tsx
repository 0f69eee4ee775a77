import { IconArrowRight } from '@tabler/icons-react';
import { Fragment } from 'react';
import type { Pipeline } from './queries.ts';
import './pipelines.css';

/** The operators in their order, from source to sink. */
export function Steps({ pipeline }: { pipeline: Pipeline }) {
  const operators = [
    { kind: 'from', label: pipeline.sources.join(', ') },
    ...pipeline.operators,
    { kind: 'to', label: pipeline.sinks.join(', ') || 'a file' },
  ];
  return (
    <ol className="pipeline-steps">
      {operators.map((operator, index) => (
        <Fragment key={index}>
          <li>
            <span className="quiet small">{operator.kind}</span>
            <b className="truncate" title={operator.label}>
              {operator.label}
            </b>
          </li>
          {index < operators.length - 1 && (
            <li className="arrow" aria-hidden="true">
              <IconArrowRight size={14} />
            </li>
          )}
        </Fragment>
      ))}
    </ol>
  );
}
