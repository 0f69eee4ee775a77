import type { BrokerUnderTest } from '../check.ts';
export interface ProgramOutcome {
  program: string;
  what: string;
  problem?: string;
}
export async function runPrograms(
  _cache: string,
  _broker: BrokerUnderTest,
  _run: string,
  _say: (line: string) => void,
): Promise<ProgramOutcome[]> {
  return [];
}
export function programTables(_outcomes: readonly ProgramOutcome[]): string {
  return '';
}
