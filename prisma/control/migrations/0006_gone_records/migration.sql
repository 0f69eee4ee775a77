-- Records that a step failed for because they are gone, and the decision to go on without them.
ALTER TABLE "BatchStep" ADD COLUMN "gone" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "BatchRun" ADD COLUMN "goesOnWithoutLost" BOOLEAN NOT NULL DEFAULT false;
