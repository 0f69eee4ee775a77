export function GroupsRoute() {
  return null;
}
