export { PrismaMetadataStore } from './prisma-metadata-store.ts';
export { serve, type Surroundings } from './serve.ts';
