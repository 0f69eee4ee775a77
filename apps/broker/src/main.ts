import { loadConfig } from '@penstock/platform/process';
import { serve } from './serve.ts';
import { startProblem } from './start-problem.ts';

try {
  await serve(loadConfig());
} catch (error) {
  const problem = startProblem(error);
  if (problem === undefined) throw error;
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
  // The channel to the supervisor would keep a process alive that has nothing left to do.
  if (process.connected) process.disconnect();
}
