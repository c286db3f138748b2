# One image for Airflow's services and for the MLflow server; the command makes the difference.
ARG BASE_IMAGE=python:3.11-slim-bookworm

# ---- The packages. This stage is thrown away, and with it the index and certificates handed in.
FROM ${BASE_IMAGE} AS packages
ARG PIP_INDEX_URL=
ARG PIP_EXTRA_INDEX_URL=
ARG PIP_TRUSTED_HOST=
# A certificate authority's PEM file, as `base64 -w0 ca.pem` prints it.
ARG EXTRA_CA_BASE64=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

RUN python -m venv /opt/venv
COPY requirements.txt /tmp/
# uv when it can be had, pip when not: both install the same pins.
RUN set -eu; \
    if [ -n "${EXTRA_CA_BASE64}" ]; then \
      bundle="${PIP_CERT:-$(python -c 'from pip._vendor import certifi; print(certifi.where())')}"; \
      { cat "$bundle"; echo "${EXTRA_CA_BASE64}" | base64 -d; } > /tmp/ca.pem; \
      export PIP_CERT=/tmp/ca.pem SSL_CERT_FILE=/tmp/ca.pem; \
    fi; \
    index="${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}"; \
    if pip install --quiet uv==0.13.9; then \
      if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi; \
      if [ -n "${PIP_EXTRA_INDEX_URL}" ]; then export UV_INDEX="${PIP_EXTRA_INDEX_URL}"; fi; \
      if [ -n "${PIP_TRUSTED_HOST}" ]; then export UV_INSECURE_HOST="${PIP_TRUSTED_HOST}"; fi; \
      uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python -r /tmp/requirements.txt; \
    else \
      /opt/venv/bin/pip install -r /tmp/requirements.txt; \
    fi

# ---- The image.
FROM ${BASE_IMAGE}
COPY --from=packages /opt/venv /opt/venv
# The user's number is the owner of the checkout, so that a suite saved in the browser is his.
ARG GATE_UID=50000
RUN useradd --non-unique --uid "${GATE_UID}" --create-home --shell /usr/sbin/nologin gate \
 && for made in airflow gate/staging gate/quality gate/logs gate/logins; do \
      install -d -o gate -g gate -m 0750 "/var/lib/$made"; \
    done
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/gate \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/var/lib/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/gate/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/gate/dags/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__CORE__HOSTNAME_CALLABLE=socket.gethostname \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/lib/gate/logs \
    STAGING_URL=file:///var/lib/gate/staging \
    RESULTS_DIR=/var/lib/gate/quality
WORKDIR /opt/gate
# The code comes last: a changed DAG rebuilds nothing above.
COPY transforms/ transforms/
COPY tracking/ tracking/
COPY sql/ sql/
COPY gx/ gx/
COPY dags/ dags/
COPY dags/local/gate.sh /opt/venv/bin/gate
USER gate
EXPOSE 8080 5500
HEALTHCHECK --interval=15s --timeout=15s --start-period=300s --retries=4 \
  CMD ["python", "-m", "dags.deployed.health", "api-server"]
CMD ["airflow", "api-server"]
