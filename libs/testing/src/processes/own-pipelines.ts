import { symlink, writeFile } from 'node:fs/promises';
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
  const file = join(folder.path, 'pipelines.mjs');
  await writeFile(file, source);
  await symlink(join(repositoryRoot, 'node_modules'), join(folder.path, 'node_modules'));
  return {
    folder: folder.path,
    command: (name, words) => (name === 'worker' ? [...words, pathToFileURL(file).href] : words),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
