export * from './clock.ts';
export { compress, compressionCodecs, decompress, DecompressionError } from './codecs.ts';
export * from './files.ts';
export * from './log-config.ts';
export * from './log-manager.ts';
export * from './logger.ts';
export { NodeFiles } from './node-files.ts';
export { PartitionLog } from './partition-log.ts';
export * from './results.ts';
