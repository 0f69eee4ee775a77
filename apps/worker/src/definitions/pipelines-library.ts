import { registerHooks } from 'node:module';

/** What `@penstock/pipelines` is for modules of pipelines: see {@link shareLibrary}. */
const LIBRARY = new URL('./pipelines-library.js', import.meta.url).href;

/**
 * Gives modules of pipelines that are loaded from now on the copy of `@penstock/pipelines` that
 * this process runs them with. It is in the process's bundle; the one in the library's folder
 * would be loaded besides.
 */
export function shareLibrary(): void {
  registerHooks({
    resolve: (name, context, next) =>
      name === '@penstock/pipelines' ? { url: LIBRARY, shortCircuit: true } : next(name, context),
  });
}
