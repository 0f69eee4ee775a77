export { CrashedError, MemoryFiles } from './memory-files.ts';
export type { Fault, FileOperation } from './memory-files.ts';
export { Random } from './random.ts';
export { SimulatedClock } from './simulated-clock.ts';
