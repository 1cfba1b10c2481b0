# docker build -t mailstamp . && docker run --rm mailstamp --help
# It needs a PostgreSQL (MAILSTAMP_DATABASE_URL) and a key set (MAILSTAMP_KEYSET), and keeps no other files. Beside the two base
# images and the modules of go.sum nothing is fetched; where no registry answers, name images of your own:
# --build-arg GO_IMAGE=… --build-arg BASE_IMAGE=…
ARG GO_IMAGE=golang:1.26-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /mailstamp ./cmd/mailstamp

FROM ${BASE_IMAGE}
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin mailstamp \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/mailstamp
COPY --from=build /mailstamp /usr/local/bin/mailstamp
USER 10001:10001
# Webhooks and /v1; the private listener stays on loopback unless told otherwise.
ENV MAILSTAMP_LISTEN=:8080
EXPOSE 8080
ENTRYPOINT ["mailstamp"]
CMD ["worker"]
