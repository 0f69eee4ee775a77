export function GroupRoute() {
  return null;
}
