import type { ReactNode } from 'react';
import { RichText, type Rich } from './rich.tsx';
import { StateMark, type StateLook } from './state-mark.tsx';

export interface VerdictText {
  look: StateLook;
  word?: string;
  /** Since when and how long, as far as it was seen. */
  since?: string;
  sentence: Rich;
  lead?: Rich;
}

/** A page's first lines: state, what is so, cause and way out. */
export function Verdict({ verdict, actions }: { verdict: VerdictText; actions?: ReactNode }) {
  return (
    <div className="verdict">
      <div>
        <div className="state">
          <StateMark look={verdict.look} word={verdict.word} />
          {verdict.since && <span className="quiet">{verdict.since}</span>}
        </div>
        <h1>
          <RichText text={verdict.sentence} />
        </h1>
        <p className="lead">{verdict.lead && <RichText text={verdict.lead} />}</p>
      </div>
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}
