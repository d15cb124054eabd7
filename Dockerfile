FROM rust:1.95-slim-bookworm AS build
WORKDIR /onrecord

# The dependencies alone, in a layer that lasts until they change: built for an empty program.
COPY Cargo.toml Cargo.lock build.rs ./
RUN mkdir src && touch src/lib.rs && echo 'fn main() {}' >src/main.rs \
    && cargo build --release --locked \
    && rm -r src

COPY . .
# Cargo goes by times, and the files may be older than the empty program.
RUN touch src/lib.rs src/main.rs && cargo build --release --locked

FROM debian:bookworm-slim
# The log's key lies here: to be mounted, or it is lost with the container.
RUN install -d -o 10001 -g 10001 /var/lib/onrecord
COPY --from=build /onrecord/target/release/onrecord /usr/local/bin/onrecord
# Whose certificates are good: for the single sign-on's provider.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/

# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
# All of the container's addresses: which of them others reach is decided outside. There is no PostgreSQL in here:
# DATABASE_URL has to name one.
ENV ONRECORD_LISTEN=0.0.0.0:8080 ONRECORD_DATA_DIR=/var/lib/onrecord
VOLUME /var/lib/onrecord
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["onrecord", "health"]
ENTRYPOINT ["onrecord"]
CMD ["serve"]
