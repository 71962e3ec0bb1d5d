# The sensor. docker build -f docker/sensor.Dockerfile -t otus-sensor .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS builder
ARG WHEEL=build PIP_CONFIG_FILE PIP_INDEX_URL PIP_CERT npm_config_registry
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates
WORKDIR /otus
COPY . .
RUN docker/environment anomaly,columns,packs

FROM ${BASE}
RUN --mount=type=bind,source=docker,target=/mnt /mnt/system libcap2-bin
COPY --from=builder /opt/otus /opt/otus
# An engine gives capabilities to root alone; an ordinary user has those of the file it starts. So capture has an
# interpreter of its own: it does not start where CAP_NET_RAW is withheld, and all else goes on without it.
RUN cp /opt/otus/bin/python3 /opt/otus/bin/python-capture && setcap cap_net_raw=ep /opt/otus/bin/python-capture
ENV PATH=/opt/otus/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    OTUS_STATE_DIR=/var/lib/otus/state OTUS_EVIDENCE_DIR=/var/lib/otus/evidence
USER 10001:10001
WORKDIR /var/lib/otus
VOLUME /var/lib/otus
ENTRYPOINT ["python-capture", "-P", "/opt/otus/bin/otus"]
CMD ["sensor", "run"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["otus", "sensor", "health"]
