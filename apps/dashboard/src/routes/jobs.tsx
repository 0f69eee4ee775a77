export function JobsRoute() {
  return null;
}
