-- When a worker and its processors were last heard of, on a clock that nobody sets.
ALTER TABLE "Worker" ADD COLUMN "beatMs" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "ProcessorStatus" ADD COLUMN "beatMs" BIGINT NOT NULL DEFAULT 0;

-- Leases and back-offs are measured on it, too; those of before have run out with their worker.
UPDATE "BatchRun" SET "retryAt" = NULL;

-- Nobody read these.
ALTER TABLE "Pipeline" DROP COLUMN "registeredAt";
ALTER TABLE "Processor" DROP COLUMN "changedAt";
ALTER TABLE "BatchStep" DROP COLUMN "chunkSeq";
