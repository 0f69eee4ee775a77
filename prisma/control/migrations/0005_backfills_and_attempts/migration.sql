CREATE TABLE "BatchAttempt" (
    "runId" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "startedAt" BIGINT NOT NULL,
    "finishedAt" BIGINT,
    "outcome" TEXT,
    "error" TEXT,

    PRIMARY KEY ("runId", "attempt"),
    CONSTRAINT "BatchAttempt_runId_fkey" FOREIGN KEY ("runId") REFERENCES "BatchRun" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "BatchLogLine" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "runId" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "at" BIGINT NOT NULL,
    "level" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    CONSTRAINT "BatchLogLine_runId_fkey" FOREIGN KEY ("runId") REFERENCES "BatchRun" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "BatchLogLine_runId_attempt_id_idx" ON "BatchLogLine"("runId", "attempt", "id");

CREATE TABLE "Backfill" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "job" TEXT NOT NULL,
    "from" BIGINT NOT NULL,
    "to" BIGINT NOT NULL,
    "cut" TEXT NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "params" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "records" BIGINT NOT NULL,
    "bytes" BIGINT,
    "estimatedMs" BIGINT,
    "createdAt" BIGINT NOT NULL,
    "startedAt" BIGINT,
    "finishedAt" BIGINT
);
CREATE INDEX "Backfill_job_createdAt_idx" ON "Backfill"("job", "createdAt");
CREATE INDEX "Backfill_state_idx" ON "Backfill"("state");

CREATE TABLE "BackfillPart" (
    "backfillId" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "from" BIGINT NOT NULL,
    "to" BIGINT NOT NULL,
    "records" BIGINT NOT NULL,
    "offsets" TEXT NOT NULL,
    "runId" TEXT,

    PRIMARY KEY ("backfillId", "index"),
    CONSTRAINT "BackfillPart_backfillId_fkey" FOREIGN KEY ("backfillId") REFERENCES "Backfill" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "BackfillPart_runId_fkey" FOREIGN KEY ("runId") REFERENCES "BatchRun" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "BackfillPart_runId_key" ON "BackfillPart"("runId");
