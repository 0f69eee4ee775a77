-- CreateTable
CREATE TABLE "Sample" (
    "tierSeconds" INTEGER NOT NULL,
    "at" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "metric" TEXT NOT NULL,
    "value" REAL NOT NULL,

    PRIMARY KEY ("tierSeconds", "kind", "subject", "metric", "at")
);

-- CreateTable
CREATE TABLE "Event" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "at" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "data" TEXT NOT NULL DEFAULT '{}'
);

-- CreateTable
CREATE TABLE "Pipeline" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "mode" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "sources" TEXT NOT NULL,
    "sinks" TEXT NOT NULL,
    "operators" TEXT NOT NULL,
    "groupId" TEXT,
    "deadLetterTopic" TEXT,
    "schedule" TEXT,
    "timeZone" TEXT,
    "scheduleSince" BIGINT,
    "attemptsMax" INTEGER NOT NULL DEFAULT 3,
    "definitionHash" TEXT NOT NULL,
    "registeredAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Processor" (
    "pipeline" TEXT NOT NULL PRIMARY KEY,
    "desired" TEXT NOT NULL DEFAULT 'running',
    "changedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "ProcessorStatus" (
    "pipeline" TEXT NOT NULL,
    "workerId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "consumed" BIGINT NOT NULL DEFAULT 0,
    "produced" BIGINT NOT NULL DEFAULT 0,
    "deadLettered" BIGINT NOT NULL DEFAULT 0,
    "partitions" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "reportedAt" BIGINT NOT NULL,

    PRIMARY KEY ("pipeline", "workerId")
);

-- CreateTable
CREATE TABLE "Worker" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "pid" INTEGER NOT NULL,
    "host" TEXT NOT NULL,
    "startedAt" BIGINT NOT NULL,
    "seenAt" BIGINT NOT NULL,
    "slotsBusy" INTEGER NOT NULL DEFAULT 0,
    "slots" INTEGER NOT NULL DEFAULT 0,
    "redis" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "BatchRun" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "job" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "scheduledFor" BIGINT,
    "state" TEXT NOT NULL,
    "windowFrom" BIGINT,
    "windowTo" BIGINT,
    "frozenAt" BIGINT,
    "definitionHash" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "attemptsMax" INTEGER NOT NULL DEFAULT 3,
    "retryAt" BIGINT,
    "leaseEpoch" INTEGER NOT NULL DEFAULT 0,
    "leaseUntil" BIGINT,
    "createdAt" BIGINT NOT NULL,
    "startedAt" BIGINT,
    "finishedAt" BIGINT,
    "error" TEXT,
    "resultFile" TEXT,
    "resultTopic" TEXT,
    "recordsRead" BIGINT NOT NULL DEFAULT 0,
    "recordsTotal" BIGINT NOT NULL DEFAULT 0,
    "resultRows" BIGINT NOT NULL DEFAULT 0,
    "deadLettered" BIGINT NOT NULL DEFAULT 0
);

-- CreateTable
CREATE TABLE "BatchStep" (
    "runId" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "startOffset" BIGINT NOT NULL,
    "endOffset" BIGINT NOT NULL,
    "nextOffset" BIGINT NOT NULL,
    "chunkSeq" INTEGER NOT NULL DEFAULT 0,
    "state" TEXT NOT NULL,
    "accumulator" TEXT,
    "deadLettered" BIGINT NOT NULL DEFAULT 0,
    "leaseEpoch" INTEGER NOT NULL DEFAULT 0,
    "leaseUntil" BIGINT,
    "error" TEXT,

    PRIMARY KEY ("runId", "topic", "partition"),
    CONSTRAINT "BatchStep_runId_fkey" FOREIGN KEY ("runId") REFERENCES "BatchRun" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Installation" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "createdAt" BIGINT NOT NULL
);

-- CreateIndex
CREATE INDEX "Sample_tierSeconds_at_idx" ON "Sample"("tierSeconds", "at");

-- CreateIndex
CREATE INDEX "Event_at_idx" ON "Event"("at");

-- CreateIndex
CREATE INDEX "BatchRun_job_createdAt_idx" ON "BatchRun"("job", "createdAt");

-- CreateIndex
CREATE INDEX "BatchRun_state_idx" ON "BatchRun"("state");

-- CreateIndex
CREATE UNIQUE INDEX "BatchRun_job_scheduledFor_key" ON "BatchRun"("job", "scheduledFor");
