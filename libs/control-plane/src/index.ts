export * from './batch/index.ts';
export * from './events/index.ts';
export * from './pipelines/index.ts';
export * from './processors/index.ts';
export * from './workers/index.ts';
