-- CreateTable
CREATE TABLE "Setting" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "Topic" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "partitionCount" INTEGER NOT NULL,
    "internal" BOOLEAN NOT NULL DEFAULT false,
    "deletedAt" DATETIME,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "TopicConfig" (
    "topicId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("topicId", "name"),
    CONSTRAINT "TopicConfig_topicId_fkey" FOREIGN KEY ("topicId") REFERENCES "Topic" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "BrokerConfig" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "Group" (
    "groupId" TEXT NOT NULL PRIMARY KEY,
    "protocolType" TEXT NOT NULL,
    "protocolName" TEXT,
    "generationId" INTEGER NOT NULL,
    "leaderId" TEXT,
    "members" TEXT NOT NULL,
    "emptySince" BIGINT
);

-- CreateTable
CREATE TABLE "CommittedOffset" (
    "groupId" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    "leaderEpoch" INTEGER NOT NULL,
    "metadata" TEXT NOT NULL,
    "commitTimestamp" BIGINT NOT NULL,
    "expireTimestamp" BIGINT,

    PRIMARY KEY ("groupId", "topic", "partition")
);

-- CreateIndex
CREATE UNIQUE INDEX "Topic_name_key" ON "Topic"("name");
