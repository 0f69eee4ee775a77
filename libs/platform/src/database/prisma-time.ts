/** This moment as Prisma writes times into SQLite. */
export function prismaTime(): string {
  return new Date().toISOString().replace('Z', '+00:00');
}
