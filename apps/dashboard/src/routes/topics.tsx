export function TopicsRoute() {
  return null;
}
