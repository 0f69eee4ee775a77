-- Runs of before read the whole log, or what lay between two times; they claimed no windows.
ALTER TABLE "BatchRun" ADD COLUMN "ticks" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "BatchRun" ADD COLUMN "deadlineAt" BIGINT;
ALTER TABLE "BatchRun" ADD COLUMN "lateAt" BIGINT;
ALTER TABLE "BatchRun" ADD COLUMN "windowKind" TEXT NOT NULL DEFAULT 'all';
ALTER TABLE "BatchRun" ADD COLUMN "windowOffsets" TEXT;
ALTER TABLE "BatchRun" ADD COLUMN "detached" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "BatchRun" ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "BatchRun" ADD COLUMN "resultGeneration" INTEGER;
ALTER TABLE "BatchRun" ADD COLUMN "params" TEXT NOT NULL DEFAULT '{}';
UPDATE "BatchRun" SET "windowKind" = 'time'
  WHERE "windowFrom" IS NOT NULL OR "windowTo" IS NOT NULL;
CREATE INDEX "BatchRun_job_windowKind_state_idx" ON "BatchRun"("job", "windowKind", "state");

ALTER TABLE "BatchStep" ADD COLUMN "topicId" TEXT NOT NULL DEFAULT '';
ALTER TABLE "BatchStep" ADD COLUMN "lost" BIGINT NOT NULL DEFAULT 0;

ALTER TABLE "Pipeline" ADD COLUMN "scheduleOptions" TEXT NOT NULL DEFAULT '{}';

CREATE TABLE "BatchWindow" (
    "job" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "topicId" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "startOffset" BIGINT NOT NULL,
    "endOffset" BIGINT NOT NULL,
    "runId" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "claimedAt" BIGINT NOT NULL,

    PRIMARY KEY ("job", "topic", "topicId", "partition", "startOffset"),
    CONSTRAINT "BatchWindow_runId_fkey" FOREIGN KEY ("runId") REFERENCES "BatchRun" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "BatchWindow_job_topic_topicId_partition_endOffset_key" ON "BatchWindow"("job", "topic", "topicId", "partition", "endOffset");
CREATE UNIQUE INDEX "BatchWindow_runId_topic_topicId_partition_key" ON "BatchWindow"("runId", "topic", "topicId", "partition");

-- Unique offsets alone would let a window begin inside another one.
CREATE TRIGGER "BatchWindow_follows" BEFORE INSERT ON "BatchWindow"
WHEN NEW."endOffset" <= NEW."startOffset" OR NEW."startOffset" <> COALESCE(
    (SELECT MAX("endOffset") FROM "BatchWindow"
     WHERE "job" = NEW."job" AND "topic" = NEW."topic" AND "topicId" = NEW."topicId"
       AND "partition" = NEW."partition"), NEW."startOffset")
BEGIN
    SELECT RAISE(ABORT, 'a window has to begin where the newest of its partition ends');
END;

CREATE TABLE "SkippedTick" (
    "job" TEXT NOT NULL,
    "dueAt" BIGINT NOT NULL,
    "ticks" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "skippedAt" BIGINT NOT NULL,

    PRIMARY KEY ("job", "dueAt")
);

CREATE TABLE "ScheduleState" (
    "job" TEXT NOT NULL PRIMARY KEY,
    "pausedAt" BIGINT,
    "problem" TEXT
);

CREATE TABLE "BatchSkip" (
    "runId" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    "decidedAt" BIGINT NOT NULL,

    PRIMARY KEY ("runId", "topic", "partition", "offset"),
    CONSTRAINT "BatchSkip_runId_fkey" FOREIGN KEY ("runId") REFERENCES "BatchRun" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
