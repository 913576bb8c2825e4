# Popround in a container. Written with care and not yet tried on a Docker engine: see docs/operating.md.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE NOTICE ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY bot ./bot
COPY handlers ./handlers
COPY storage ./storage
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 popround && mkdir /data && chown popround /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    POPROUND_HOST=0.0.0.0 \
    POPROUND_DATABASE_URL=sqlite+aiosqlite:////data/popround.db
USER popround
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# An upgrade brings the database along before it serves.
CMD ["sh", "-c", "popround migrate && exec popround serve"]
