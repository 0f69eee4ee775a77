export { lastDue, nextDue } from './due-times.ts';
export { checkSchedule, type Schedule, ScheduleError } from './schedule.ts';
export { scheduleInWords } from './schedule-words.ts';
