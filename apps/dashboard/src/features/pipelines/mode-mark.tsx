import './pipelines.css';
import type { PipelineMode } from '../../generated/graphql.ts';
import { BatchGlyph, StreamGlyph } from '../../ui/glyphs.tsx';
import { modeWords } from './pipeline-state.ts';

export function ModeMark({ mode }: { mode: PipelineMode }) {
  return (
    <span className="mode-mark">
      {mode !== 'BATCH' && <StreamGlyph />}
      {mode !== 'STREAM' && <BatchGlyph />}
      {modeWords[mode]}
    </span>
  );
}
