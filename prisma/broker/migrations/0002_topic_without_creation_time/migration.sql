-- Nobody read it.
ALTER TABLE "Topic" DROP COLUMN "createdAt";
