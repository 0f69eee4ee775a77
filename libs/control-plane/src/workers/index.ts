export {
  WORKER_ALIVE_MS,
  type WorkerHeartbeat,
  type WorkerView,
  WorkersService,
} from './workers.service.ts';
