// What the documents and the container files say is compared with what is so.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Links of a Markdown document to files of the repository that are not there.
 * @param folder folder of the document
 */
export function brokenLinks(markdown: string, folder: string): string[] {
  const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .map((target) => target.split('#')[0]!)
    .filter((target) => target !== '' && !existsSync(join(folder, target)));
}

/** Files that a document names in backquotes (`libs/x/src/y.ts`) and that are not there. */
export function missingPaths(markdown: string, root: string): string[] {
  const named = [...markdown.matchAll(/`((?:apps|libs|tools|prisma|pipelines)\/[\w./-]+\.\w+)`/g)];
  return named.map((match) => match[1]!).filter((path) => !existsSync(join(root, path)));
}

export interface DocumentedVariable {
  readonly name: string;
  readonly default: string;
}

/** Rows of the configuration table: `| `NAME` | default | … |`. */
export function documentedVariables(markdown: string): DocumentedVariable[] {
  const rows = [...markdown.matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\| *(.*?) *\|/gm)];
  return rows.map((row) => ({ name: row[1]!, default: row[2]!.replaceAll('`', '') }));
}

/** Commands `npm run NAME` that a document shows and package.json does not have. */
export function unknownScripts(markdown: string, scripts: Record<string, string>): string[] {
  const named = [...markdown.matchAll(/npm run ([a-z][a-z0-9:-]*)/g)].map((match) => match[1]!);
  return [...new Set(named)].filter((name) => !(name in scripts));
}

/** Entries of a lockfile that name the host they came from. */
export function lockedHosts(lockfile: string): string[] {
  const { packages } = JSON.parse(lockfile) as { packages: Record<string, { resolved?: string }> };
  return Object.entries(packages)
    .filter(([, entry]) => /^https?:/.test(entry.resolved ?? ''))
    .map(([path]) => path);
}

export interface ComposeService {
  image?: string;
  build?: unknown;
  environment?: Record<string, string | number | boolean>;
  ports?: string[];
  profiles?: string[];
  depends_on?: Record<string, unknown>;
}
export interface ComposeFile {
  services: Record<string, ComposeService>;
  volumes?: Record<string, unknown>;
}

/** Fills in `${NAME}`, `${NAME:-otherwise}` and `${NAME:+when set}` as Compose does. */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([-+])([^}]*))?\}/g, (_, name: string, kind, word) => {
    const value = env[name] ?? '';
    if (kind === '-') return value === '' ? word : value;
    if (kind === '+') return value === '' ? '' : word;
    return value;
  });
}

export interface KnownVariable {
  readonly name: string;
  /** Undefined for what it does not take. */
  readonly parse: (text: string) => unknown;
}

/** Variables of Penstock's own services that it does not read, or whose value it refuses. */
export function wrongComposeVariables(
  compose: ComposeFile,
  known: readonly KnownVariable[],
): string[] {
  const own = Object.entries(compose.services).filter(([, service]) => service.build !== undefined);
  return own.flatMap(([name, service]) =>
    Object.entries(service.environment ?? {}).flatMap(([variable, value]) => {
      const definition = known.find((candidate) => candidate.name === variable);
      if (definition === undefined) return [`${name}: ${variable} is not a setting of Penstock`];
      // An empty variable is one that was not set.
      const accepted = value === '' || definition.parse(String(value)) !== undefined;
      return accepted ? [] : [`${name}: ${variable}=${value} is refused`];
    }),
  );
}

/** Container side of the published ports, for instance 9092 of `127.0.0.1:9092:9092`. */
export function publishedPorts(service: ComposeService): number[] {
  return (service.ports ?? []).map((port) => Number(port.split(':').at(-1)));
}

/** Services that another one waits for and that are not there. */
export function unknownDependencies(compose: ComposeFile): string[] {
  return Object.entries(compose.services).flatMap(([name, service]) =>
    Object.keys(service.depends_on ?? {})
      .filter((dependency) => !(dependency in compose.services))
      .map((dependency) => `${name} waits for ${dependency}`),
  );
}
