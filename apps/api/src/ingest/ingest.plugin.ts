import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { registerNativeRoutes } from './native.routes.ts';
import { registerRestProxyV2Routes } from './rest-proxy-v2.routes.ts';
import { registerRestProxyV3Routes } from './rest-proxy-v3.routes.ts';

type Register = (fastify: FastifyInstance, http: IngestHttp) => void;
type Body = 'as-whole' | 'as-stream';

/**
 * The ingest routes, straight on Fastify: no pipe, guard or interceptor of Nest runs for a record,
 * and bodies arrive as the bytes that were sent.
 */
export function ingestPlugin(http: IngestHttp): FastifyPluginCallback {
  return (fastify, _options, done) => {
    fastify.addHook('preClose', (closed) => {
      void http.ingest.drain();
      closed();
    });
    fastify.register(asPlugin(http, registerNativeRoutes, 'as-whole'));
    fastify.register(asPlugin(http, registerRestProxyV2Routes, 'as-whole'));
    // The body of REST Proxy v3 is a stream of records that is answered while it comes in.
    fastify.register(asPlugin(http, registerRestProxyV3Routes, 'as-stream'));
    done();
  };
}

/** A scope of its own, so that each form of ingest refuses in its own shape. */
function asPlugin(http: IngestHttp, register: Register, body: Body): FastifyPluginCallback {
  return (fastify, _options, done) => {
    fastify.removeAllContentTypeParsers();
    if (body === 'as-stream') {
      fastify.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
    } else {
      fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, whole, parsed) =>
        parsed(null, whole),
      );
    }
    register(fastify, http);
    done();
  };
}
