-- A timer in the state of a batch job makes a run when it is due.
ALTER TABLE "ScheduleState" ADD COLUMN "timerDueAt" BIGINT;
