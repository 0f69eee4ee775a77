export { type ClockJump, ClockWatch } from './clock-watch.ts';
export { durationInWords } from './duration-words.ts';
export { isRecent, machineMs, ranOut } from './machine-clock.ts';
