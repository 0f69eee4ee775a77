import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import compress from '@fastify/compress';
import serveStatic from '@fastify/static';
import { NotFoundException } from '@nestjs/common';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { PublicPath } from '../http/public-path.ts';

export interface DashboardOptions {
  /** Folder of the built dashboard. */
  readonly root: string;
  readonly publicPath: PublicPath;
}

const HASHED_ASSET = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;
const YEAR_SECONDS = 31_536_000;

/** What is shown where the dashboard was not built; the API works all the same. */
const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<base href="/" />
<title>Penstock</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em;border-radius:3px}</style>
<h1>Penstock is running, its dashboard is not built</h1>
<p>Build it with <code>npm run build</code> and reload this page. <code>npm start</code> does so by itself.</p>
<p>Meanwhile: <a href="docs">the REST API</a>, <a href="readyz">what is ready</a>, <code>/graphql</code>, and
<code>curl -H 'Content-Type: application/json' -d '{"hello":"world"}' http://localhost:8080/ingest/greetings</code>.</p>
</html>
`;

/** Whether there is a built dashboard to serve. */
export function isDashboardBuilt(root: string): boolean {
  return existsSync(join(root, 'index.html'));
}

/**
 * Serves the built dashboard: its files by their names, and the start page for every other path
 * that a browser navigates to, since the dashboard's own router knows the rest. The dashboard is
 * looked for at each navigation, so that one built meanwhile appears.
 */
export function dashboardPlugin({ root, publicPath }: DashboardOptions): FastifyPluginAsync {
  return async (fastify) => {
    await fastify.register(compress, { encodings: ['br', 'gzip'], threshold: 1024 });
    await fastify.register(serveStatic, {
      root,
      serve: false,
      cacheControl: false,
      index: false,
    });
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const path = decodePath(request.url);
      if (path !== undefined && path !== '/' && (await isFile(join(root, path)))) {
        const immutable = path.startsWith('/assets/') && HASHED_ASSET.test(path);
        reply.header(
          'cache-control',
          immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
        );
        return reply.sendFile(path.slice(1));
      }
      // The address itself is always the dashboard's; below it, only browsers ask for a page.
      if (path !== '/' && !acceptsHtml(request)) throw new NotFoundException();
      const page = await pageOf(root);
      return reply
        .code(page === undefined && path !== '/' ? 404 : 200)
        .header('cache-control', 'no-cache')
        .type('text/html; charset=utf-8')
        .send(withBase(page ?? NOT_BUILT, publicPath(request.raw)));
    };
    fastify.get('/', handler);
    fastify.get('/*', handler);
  };
}

/** Asked without holding up other requests: ingest shares the event loop. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function decodePath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split('?', 1)[0] ?? '/');
    return path.includes('\0') || path.includes('..') ? undefined : path;
  } catch {
    return undefined;
  }
}

function acceptsHtml(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/html');
}

/** Undefined where there is none. */
async function pageOf(root: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, 'index.html'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** All addresses in the page are relative to its base, which a proxy may have put below a path. */
function withBase(page: string, path: string): string {
  return page.replace('<base href="/" />', `<base href="${path}/" />`);
}
