import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { refuse } from './ingest-refusal.ts';
import { registerNativeRoutes } from './native.routes.ts';
import { bodyTooLarge } from './request-body.ts';
import { registerRestProxyV2Routes } from './rest-proxy-v2.routes.ts';
import { registerRestProxyV3Routes } from './rest-proxy-v3.routes.ts';

/**
 * The ingest routes, straight on Fastify: no pipe, guard or interceptor of Nest runs for a record,
 * and bodies arrive as the bytes that were sent.
 */
export function ingestPlugin(http: IngestHttp): FastifyPluginCallback {
  return (fastify, _options, done) => {
    fastify.addHook('preClose', (closed) => {
      http.beginClose();
      closed();
    });
    fastify.register(asPlugin(http, [registerNativeRoutes, registerRestProxyV2Routes]));
    fastify.register((streaming, _streamingOptions, streamingDone) => {
      streaming.removeAllContentTypeParsers();
      // The body of REST Proxy v3 is a stream of records that is answered while it comes in.
      streaming.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
      registerRestProxyV3Routes(streaming, http);
      streamingDone();
    });
    done();
  };
}

type Register = (fastify: FastifyInstance, http: IngestHttp) => void;

function asPlugin(http: IngestHttp, registrations: readonly Register[]): FastifyPluginCallback {
  return (fastify, _options, done) => {
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: http.bodyBytesMax },
      (_request, body, parsed) => parsed(null, body),
    );
    fastify.setErrorHandler((error: { code?: string }, _request, reply) => {
      if (error.code !== 'FST_ERR_CTP_BODY_TOO_LARGE') throw error;
      return refuse(reply, bodyTooLarge(http.bodyBytesMax));
    });
    for (const register of registrations) register(fastify, http);
    done();
  };
}
