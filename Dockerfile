# Penstock in one image: the supervisor with broker, API and worker. Redis is a container of its own.
FROM node:24-slim AS build
WORKDIR /penstock
COPY . .
# Nothing but npm is needed: what asks for Prisma's native engine is told that there is one.
ENV PRISMA_SCHEMA_ENGINE_BINARY=/bin/true
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
WORKDIR /penstock
COPY --from=build --chown=node:node /penstock /penstock
RUN mkdir /data && chown node:node /data
USER node
# Reachable from outside of the container; clients on the host are told to come back to localhost.
ENV NODE_ENV=production \
    PENSTOCK_BIND=0.0.0.0 \
    PENSTOCK_ADVERTISED_HOST=localhost \
    PENSTOCK_HTTP_PORT=8080 \
    PENSTOCK_DATA_DIR=/data
VOLUME /data
EXPOSE 9092 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PENSTOCK_HTTP_PORT + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "tools/start/start.mjs", "--prebuilt"]
