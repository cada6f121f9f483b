# The service as a container image. `docker build .` gives the runtime; `--target composer` the tool that composes the supergraph.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS build
# No package needs its install script: argon2 carries its binaries, and nothing downloaded gets to run code here.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY migrations migrations
COPY packages packages
RUN npm run build

FROM base AS dependencies
RUN npm ci --omit=dev --ignore-scripts

FROM build AS composer
COPY schema.graphql ./
COPY deploy/router deploy/router
# A named volume takes over the owner of the directory that it covers.
RUN install -d -o node -g node /supergraph
USER node

FROM node:24.21.0-bookworm-slim AS runtime
ENV NODE_ENV=production APP_ENV=prod ADDR=:8090
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json catalog.yaml demo.yaml platform.yaml ./
# Everything above belongs to root: the service cannot change its own code.
USER node
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8090/healthz', { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
