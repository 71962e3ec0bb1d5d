# The console of any tier. docker build -f docker/console.Dockerfile -t otus-console .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS builder
ARG WHEEL=build PIP_CONFIG_FILE PIP_INDEX_URL PIP_CERT npm_config_registry
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates
WORKDIR /otus
COPY . .
RUN docker/environment console,elastic,postgresql

FROM ${BASE}
RUN --mount=type=bind,source=docker,target=/mnt /mnt/system
COPY --from=builder /opt/otus /opt/otus
ENV PATH=/opt/otus/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    OTUS_CONSOLE_DATA_DIR=/var/lib/otus OTUS_CONSOLE_HOST=0.0.0.0 OTUS_CONSOLE_PORT=8443 \
    OTUS_CONSOLE_TLS_CERTIFICATE=/run/secrets/console.pem OTUS_CONSOLE_TLS_KEY=/run/secrets/console.key
USER 10001:10001
WORKDIR /var/lib/otus
VOLUME /var/lib/otus
EXPOSE 8443
ENTRYPOINT ["otus"]
CMD ["console", "run"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["otus", "console", "health"]
