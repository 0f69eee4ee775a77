import type { FastifyInstance, HTTPMethods } from 'fastify';
import findMyWay from 'find-my-way';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies HTTPMethods[];

/** The methods that a path has, for the header Allow. Fastify's own router does not list them. */
export class KnownRoutes {
  readonly #router = findMyWay({ maxParamLength: 1_000 });
  readonly #methods = new Set<string>();

  /** Remembers the routes registered from now on, except those that take any path. */
  observe(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      if (url.startsWith('/*') || url === '*') return;
      for (const each of [method].flat()) {
        if (isMethod(each) && !this.#router.hasRoute(each, url)) {
          this.#methods.add(each);
          this.#router.on(each, url, () => undefined);
        }
      }
    });
  }

  /** Methods of a path, OPTIONS among them; none when there is nothing at it. `*` is the server. */
  methodsOf(url: string): string[] {
    const path = url.split('?', 1)[0] ?? '/';
    const methods: string[] = METHODS.filter((method) =>
      path === '*' ? this.#methods.has(method) : this.#router.find(method, path) !== null,
    );
    return methods.length === 0 ? [] : [...methods, 'OPTIONS'];
  }
}

function isMethod(method: string): method is (typeof METHODS)[number] {
  return METHODS.some((known) => known === method);
}
