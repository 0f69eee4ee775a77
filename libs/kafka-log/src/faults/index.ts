/**
 * A simulated machine for tests of what is built on the log: files that crash, a clock, a ledger.
 */
export { PartitionChecker } from './checker.ts';
export type { Attempt, Crash, Promised, ReadPortion, ReadRecord } from './checker.ts';
export type { BatchOptions } from './log-world.ts';
export { MemoryFiles } from './memory-files.ts';
export type { Fault, FileOperation } from './memory-files.ts';
export { Random } from './random.ts';
export { Register } from './register.ts';
export type { RegisterWrite } from './register.ts';
export { asError } from './schedule-outcome.ts';
export type { ScheduleOutcome } from './schedule-outcome.ts';
export { firstFailure, playSeeds } from './seeds.ts';
export { ProcessClock, SimulatedClock } from './simulated-clock.ts';
export { readRecords, recordOf } from './simulated-records.ts';
export { Trace, Violation } from './trace.ts';
