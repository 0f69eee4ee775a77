import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../repository.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import type { PenstockOptions } from './penstock.ts';

export interface OwnPipelines extends AsyncDisposable {
  /** For `PenstockOptions`. */
  readonly command: NonNullable<PenstockOptions['command']>;
  /** Where the module is, and others may be put that import the product's packages. */
  readonly folder: string;
}

/**
 * Makes workers load pipelines of a test in place of the samples.
 *
 * @param source of a module that exports `pipelines`
 */
export async function ownPipelines(source: string): Promise<OwnPipelines> {
  const folder = await temporaryFolder();
  const here = pathToFileURL(`${folder.path}/`).href;
  const root = pathToFileURL(join(repositoryRoot, 'apps/worker/package.json')).href;
  const hooks = `export function resolve(name, context, next) {
    const isOurs = context.parentURL?.startsWith('${here}') === true;
    if (name === '@penstock/samples' && !isOurs) {
      return { url: '${here}pipelines.mjs', shortCircuit: true };
    }
    return next(name, isOurs && !name.startsWith('.') ? { ...context, parentURL: '${root}' } : context);
  }`;
  const preload =
    "import { register } from 'node:module';\nregister('./hooks.mjs', import.meta.url);\n";
  await writeFile(join(folder.path, 'pipelines.mjs'), source);
  await writeFile(join(folder.path, 'hooks.mjs'), hooks);
  await writeFile(join(folder.path, 'preload.mjs'), preload);
  return {
    folder: folder.path,
    command: (name, [node = '', ...words]) =>
      name === 'worker' ? [node, '--import', `${here}preload.mjs`, ...words] : [node, ...words],
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
