# Built and run like this:
#   docker build -t cognate .
#   docker run -p 127.0.0.1:9229:9229 -v cognate:/data --env-file settings.env cognate
# In a container the server is reached from outside of it, so administration must be closed (COGNATE_MODE); the first
# access key is made by: docker run --rm -v cognate:/data cognate access-keys create --name admin --allow '*'

FROM rust:1.95-bookworm AS build
# aws-lc is C; its build wants these.
RUN apt-get update && apt-get install -y --no-install-recommends cmake clang && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package cognate --features telemetry

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --no-create-home cognate \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /source/target/release/cognate /usr/local/bin/cognate
USER 10001
VOLUME /data
EXPOSE 9229
ENV COGNATE_LISTEN=0.0.0.0:9229 COGNATE_DATA_DIR=/data COGNATE_MODE=production COGNATE_LOG_FORMAT=json
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/cognate"]
CMD ["serve"]
