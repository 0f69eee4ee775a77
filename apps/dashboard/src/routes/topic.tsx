export function TopicRoute() {
  return null;
}
