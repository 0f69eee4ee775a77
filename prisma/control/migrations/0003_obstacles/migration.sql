-- What a batch run that goes on by itself waits for.
ALTER TABLE "BatchRun" ADD COLUMN "obstacle" TEXT;

-- Progress is no event: it is in the run, and goes to those who follow.
DELETE FROM "Event" WHERE "kind" = 'RUN_PROGRESS';
