import { type Config, createLogger, loadConfig, type Logger } from '@penstock/platform';
import { temporaryFolder } from '../temporary-folder.ts';

/** An api that is built and does not listen yet. */
interface Application {
  listen(port: number, host: string): Promise<unknown>;
  getUrl(): Promise<string>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** Address of its broker; by default one at which none can be. */
  bootstrap?: string;
  /** Settings on top of a free port, no Redis and a data folder. */
  env?: Readonly<Record<string, string>>;
  /** Data folder to use and keep; a temporary one by default. */
  dataDir?: string;
}

/**
 * A real api in this process, on a free port: `await using api = await
 * TestApi.start(createApplication, { bootstrap: broker.bootstrap })`.
 */
export class TestApi implements AsyncDisposable {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly #parts: AsyncDisposableStack;

  private constructor(url: string, parts: AsyncDisposableStack) {
    this.url = url;
    this.#parts = parts;
  }

  /** `create`: the `createApplication` of apps/api, which no library may import. */
  static async start(
    create: (options: { config: Config; logger: Logger }) => Promise<Application>,
    options: TestApiOptions = {},
  ): Promise<TestApi> {
    await using parts = new AsyncDisposableStack();
    const dataDir = options.dataDir ?? parts.use(await temporaryFolder()).path;
    const config = loadConfig({
      PENSTOCK_DATA_DIR: dataDir,
      PENSTOCK_HTTP_PORT: '0',
      KAFKA_BOOTSTRAP_SERVERS: options.bootstrap ?? '127.0.0.1:1',
      REDIS_URL: 'redis://127.0.0.1:1',
      ...options.env,
    });
    const app = await create({ config, logger: createLogger({ name: 'api', level: 'silent' }) });
    parts.defer(() => app.close());
    await app.listen(0, '127.0.0.1');
    return new TestApi(await app.getUrl(), parts.move());
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Closes the api, then removes its data. A second call does nothing. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}
