/** A simulated machine for tests of what is built on the log: files that crash, and a clock. */
export { CrashedError, MemoryFiles } from './memory-files.ts';
export type { Fault, FileOperation } from './memory-files.ts';
export { Random } from './random.ts';
export { SimulatedClock } from './simulated-clock.ts';
export { batchOf, LogWorld, readAllBatches } from './log-world.ts';
export type { BatchOptions } from './log-world.ts';
