-- What people decide about the state of a stream processor, and why it waits for that.
ALTER TABLE "Pipeline" ADD COLUMN "stateHash" TEXT NOT NULL DEFAULT '';
ALTER TABLE "Processor" ADD COLUMN "stateEpoch" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "Processor" ADD COLUMN "startFrom" TEXT;
ALTER TABLE "Processor" ADD COLUMN "keepStateFor" TEXT;
ALTER TABLE "ProcessorStatus" ADD COLUMN "stateProblem" TEXT;
