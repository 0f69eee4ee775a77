import { existsSync } from 'node:fs';
import { join } from 'node:path';
import compress from '@fastify/compress';
import serveStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';

export interface DashboardOptions {
  /** Folder of the built dashboard. */
  readonly root: string;
}

const HASHED_ASSET = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;
const YEAR_SECONDS = 31_536_000;

/** What is shown where the dashboard was not built; the API works all the same. */
const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Penstock</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em;border-radius:3px}</style>
<h1>Penstock is running, its dashboard is not built</h1>
<p>Build it with <code>npm run build</code> and reload this page. <code>npm start</code> does so by itself.</p>
<p>Meanwhile: <a href="/docs">the REST API</a>, <a href="/readyz">what is ready</a>, <code>/graphql</code>, and
<code>curl -H 'Content-Type: application/json' -d '{"hello":"world"}' http://localhost:8080/ingest/greetings</code>.</p>
</html>
`;

/** Whether there is a built dashboard to serve. */
export function isDashboardBuilt(root: string): boolean {
  return existsSync(join(root, 'index.html'));
}

/**
 * Serves the built dashboard: its files by their names, and the start page for every other path
 * that a browser navigates to, since the dashboard's own router knows the rest. It is looked for at
 * each navigation, so that one built meanwhile appears.
 */
export function dashboardPlugin({ root }: DashboardOptions): FastifyPluginAsync {
  return async (fastify) => {
    await fastify.register(compress, { encodings: ['br', 'gzip'], threshold: 1024 });
    await fastify.register(serveStatic, {
      root,
      serve: false,
      cacheControl: false,
      index: false,
    });
    const handler = (request: FastifyRequest, reply: FastifyReply): unknown => {
      const path = decodePath(request.url);
      if (path !== undefined && path !== '/' && existsSync(join(root, path))) {
        const immutable = path.startsWith('/assets/') && HASHED_ASSET.test(path);
        reply.header(
          'cache-control',
          immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
        );
        return reply.sendFile(path.slice(1));
      }
      // The address itself is the dashboard's whoever asks; below it, only browsers mean a page.
      if (path !== '/' && !acceptsHtml(request)) return notFound(request, reply);
      reply.header('cache-control', 'no-cache');
      if (isDashboardBuilt(root)) return reply.sendFile('index.html');
      return reply
        .code(path === '/' ? 200 : 404)
        .type('text/html; charset=utf-8')
        .send(NOT_BUILT);
    };
    fastify.get('/', handler);
    fastify.get('/*', handler);
  };
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

function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: `There is nothing at ${request.url.split('?', 1)[0]}`,
      }),
    );
}
