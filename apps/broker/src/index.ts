export { PrismaMetadataStore } from './prisma-metadata-store.ts';
