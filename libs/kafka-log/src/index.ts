export * from './clock.ts';
export * from './codecs.ts';
export * from './files.ts';
export * from './log-config.ts';
export * from './log-manager.ts';
export * from './logger.ts';
export * from './partition-log.ts';
export * from './results.ts';
