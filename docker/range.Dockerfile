# 靶场, and the demo: three consoles and a small plant. docker build -f docker/range.Dockerfile -t otus-range .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS builder
ARG WHEEL=build PIP_CONFIG_FILE PIP_INDEX_URL PIP_CERT npm_config_registry
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates
WORKDIR /otus
COPY . .
RUN docker/environment console,anomaly,range

FROM ${BASE}
RUN --mount=type=bind,source=docker,target=/mnt /mnt/system iproute2 ethtool
COPY --from=builder /opt/otus /opt/otus
ENV PATH=/opt/otus/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/otus
VOLUME /var/lib/otus
ENTRYPOINT ["otus"]
CMD ["demo", "--replay"]
# The first of the three consoles.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s CMD ["otus", "console", "health", "--port", "18081"]
