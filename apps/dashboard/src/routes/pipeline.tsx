export function PipelineRoute() {
  return null;
}
