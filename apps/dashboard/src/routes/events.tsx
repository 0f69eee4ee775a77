export function EventsRoute() {
  return null;
}
