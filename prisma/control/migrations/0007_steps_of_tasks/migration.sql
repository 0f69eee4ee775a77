-- A step keeps its state in files of its own, no longer as an aggregate in its row. What runs that
-- have not succeeded had aggregated so far is left: they begin their windows again.
UPDATE "BatchStep" SET "nextOffset" = "startOffset", "deadLettered" = 0, "lost" = 0,
  "leaseUntil" = NULL, "leaseEpoch" = "leaseEpoch" + 1, "state" = 'waiting'
WHERE "runId" IN (SELECT "id" FROM "BatchRun" WHERE "state" <> 'succeeded');
UPDATE "BatchStep" SET "leaseEpoch" = (
  SELECT MAX("other"."leaseEpoch") FROM "BatchStep" AS "other"
  WHERE "other"."runId" = "BatchStep"."runId" AND "other"."partition" = "BatchStep"."partition")
WHERE "runId" IN (SELECT "id" FROM "BatchRun" WHERE "state" <> 'succeeded');
UPDATE "BatchRun" SET "recordsRead" = 0, "deadLettered" = 0 WHERE "state" <> 'succeeded';
ALTER TABLE "BatchStep" DROP COLUMN "accumulator";

-- The chain of states of a job's contiguous runs.
ALTER TABLE "BatchRun" ADD COLUMN "successNumber" INTEGER;
ALTER TABLE "BatchRun" ADD COLUMN "stateBase" TEXT;
