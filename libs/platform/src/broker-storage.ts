// What the thread that keeps broker.db needs of this library, and nothing that would cost it
// memory.
export { databaseFile, databaseFiles } from './database/databases.ts';
export { migrateDatabase } from './database/migrations.ts';
export { openSqlite, type SqliteConnection } from './database/sqlite-connection.ts';
