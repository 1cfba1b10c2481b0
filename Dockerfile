# docker build -t mailstamp . && docker run --rm mailstamp --help
# The two base images come from a registry. Mailstamp needs a PostgreSQL
# (MAILSTAMP_DATABASE_URL) and a key set (MAILSTAMP_KEYSET); it keeps no files.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /mailstamp ./cmd/mailstamp

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin mailstamp
COPY --from=build /mailstamp /usr/local/bin/mailstamp
USER 10001
# Webhooks and /v1; the private listener stays on loopback unless told otherwise.
ENV MAILSTAMP_LISTEN=:8080
EXPOSE 8080
ENTRYPOINT ["mailstamp"]
CMD ["worker"]
