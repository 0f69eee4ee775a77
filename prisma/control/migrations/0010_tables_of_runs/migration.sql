-- Up to where a run reads its tables, frozen with its window.
ALTER TABLE "BatchRun" ADD COLUMN "tableEnds" TEXT;
