export { serve, type Surroundings } from './serve.ts';
