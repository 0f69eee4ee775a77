import { maskSecrets } from '../secrets/secrets.ts';

/** What one part of the process says about itself. */
export interface HealthReport {
  readonly ok: boolean;
  /** One line for people: what is missing and, if known, what to do. */
  readonly detail?: string;
}

export interface HealthIndicator {
  /** For instance `broker`. */
  readonly name: string;
  /** Whether the process is not ready without it; otherwise it is only reported. */
  readonly required: boolean;
  /** Must answer fast: it is asked at each `/readyz`. */
  check(): Promise<HealthReport> | HealthReport;
}

export interface HealthSummary {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, HealthReport & { readonly required: boolean }>>;
}

const CHECK_DEADLINE_MS = 2_000;

/**
 * The parts that make up the health of a process. Nouns register their indicators at their start.
 */
export class Health {
  readonly #indicators = new Map<string, HealthIndicator>();
  readonly #secrets: readonly string[];

  /** @param secrets what no report may show */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  register(indicator: HealthIndicator): void {
    this.#indicators.set(indicator.name, indicator);
  }

  /** Asks every part at once. A part that does not answer within 2 s, or throws, is not well. */
  async summary(): Promise<HealthSummary> {
    const entries = await Promise.all(
      [...this.#indicators.values()].map(async (indicator) => {
        const { ok, detail } = await checkWithin(indicator);
        const shown = detail === undefined ? {} : { detail: maskSecrets(detail, this.#secrets) };
        return [indicator.name, { ok, ...shown, required: indicator.required }] as const;
      }),
    );
    return {
      ready: entries.every(([, report]) => report.ok || !report.required),
      parts: Object.fromEntries(entries),
    };
  }
}

async function checkWithin(indicator: HealthIndicator): Promise<HealthReport> {
  const { promise, resolve } = Promise.withResolvers<HealthReport>();
  const late = { ok: false, detail: `no answer within ${CHECK_DEADLINE_MS / 1000} s` };
  const timer = setTimeout(() => resolve(late), CHECK_DEADLINE_MS);
  try {
    return await Promise.race([indicator.check(), promise]);
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
