# syntax=docker/dockerfile:1
#
# mintmark: the bundle and its launcher, and the Node of the base, which has no shell and no package manager. Whoever wants the same image
# tomorrow names both bases by digest:
#   docker build --build-arg BASE=gcr.io/distroless/nodejs26-debian13:nonroot@sha256:… --tag mintmark:0.1.0 .
ARG BUILD=node:26.10.0-slim
ARG BASE=gcr.io/distroless/nodejs26-debian13:nonroot

FROM ${BUILD} AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts
COPY gen gen
COPY scripts scripts
COPY src src
RUN npm run build
RUN mkdir state

FROM ${BASE}
COPY LICENSE /usr/share/doc/mintmark/LICENSE
COPY --from=build /build/dist/licenses.txt /usr/share/doc/mintmark/licenses.txt
COPY bin /usr/lib/mintmark/bin
COPY --from=build /build/package.json /usr/lib/mintmark/package.json
COPY --from=build /build/dist/mintmark.cjs /usr/lib/mintmark/dist/mintmark.cjs
# The only folder that anything is written to, and that with SQLite alone: ./data in it, with what Node has compiled.
COPY --from=build --chown=65532:65532 /build/state /var/lib/mintmark

ENV MINTMARK_CONFIG=/etc/mintmark/mintmark.yaml
ENV MINTMARK_HTTP_ADDRESS=0.0.0.0:7001
ENV MINTMARK_RPC_ADDRESS=0.0.0.0:7002
EXPOSE 7001 7002
WORKDIR /var/lib/mintmark
USER 65532:65532
STOPSIGNAL SIGTERM
# With TLS, MINTMARK_ADDRESS=https://127.0.0.1:7001 says so.
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --start-interval=2s \
  CMD ["/nodejs/bin/node", "/usr/lib/mintmark/bin/mintmark.js", "healthcheck"]
ENTRYPOINT ["/nodejs/bin/node", "/usr/lib/mintmark/bin/mintmark.js"]
CMD ["serve"]
