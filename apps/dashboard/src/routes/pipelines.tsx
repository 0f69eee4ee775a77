export function PipelinesRoute() {
  return null;
}
