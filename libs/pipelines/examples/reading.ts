import { z } from '@penstock/pipelines';

export const Reading = z.object({ device: z.string(), celsius: z.number(), at: z.number() });
