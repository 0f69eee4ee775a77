import { SwaggerModule, DocumentBuilder, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { INGEST_PATHS } from './ingest-paths.ts';
import { INGEST_SCHEMAS } from './ingest-schemas.ts';

/** Serves the OpenAPI document at /docs-json and, for people, at /docs; all assets are our own. */
export function setUpOpenApi(app: NestFastifyApplication, publicUrl: string | undefined): void {
  SwaggerModule.setup('docs', app, () => createDocument(app, publicUrl), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'Penstock: REST API',
  });
}

/** What Nest knows of its controllers, and what is said of the ingest routes beside it. */
export function createDocument(
  app: NestFastifyApplication,
  publicUrl: string | undefined,
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Penstock')
    .setDescription(
      'Ingest of records over HTTP, in Penstock’s own form and in those of the Confluent REST Proxy, and the REST control plane. Everything the dashboard does goes through GraphQL at /graphql.',
    )
    .setVersion('0.1.0')
    .setOpenAPIVersion('3.1.0')
    // Relative to where the document was asked for, unless it is known how clients come here.
    .addServer(publicUrl ?? './')
    .addTag('ingest', 'Penstock’s own form')
    .addTag('rest-proxy v2', 'For clients of the Confluent REST Proxy, version 2')
    .addTag('rest-proxy v3', 'For clients of the Confluent REST Proxy, version 3')
    .build();
  const document = SwaggerModule.createDocument(app, builder);
  return {
    ...document,
    paths: { ...INGEST_PATHS, ...document.paths },
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...INGEST_SCHEMAS },
    },
  };
}
