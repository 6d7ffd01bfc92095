# The image of feedmill: a static binary with git and CA certificates, no shell needed, not root.
# Both bases can be replaced, for a mirror or a build without network:
#   docker build --build-arg GO_IMAGE=... --build-arg RUNTIME_IMAGE=... --build-arg GOPROXY=off .
ARG GO_IMAGE=docker.io/library/golang:1.26-trixie
ARG RUNTIME_IMAGE=docker.io/library/debian:trixie-slim

FROM ${GO_IMAGE} AS build
ARG GOPROXY
ARG VERSION=dev
WORKDIR /src
# The modules are a layer of their own: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /feedmill ./cmd/feedmill

FROM ${RUNTIME_IMAGE}
# git is for sources in repositories, ssh for those with an ssh address. A base that has all of it needs no network here.
RUN if ! command -v git >/dev/null || ! command -v ssh >/dev/null || [ ! -s /etc/ssl/certs/ca-certificates.crt ]; then \
		apt-get update && apt-get install -y --no-install-recommends git openssh-client ca-certificates && rm -rf /var/lib/apt/lists/*; \
	fi \
	&& echo 'feedmill:x:65532:' >>/etc/group \
	&& echo 'feedmill:x:65532:65532:feedmill:/data:/usr/sbin/nologin' >>/etc/passwd \
	&& mkdir /data && chown 65532:65532 /data
COPY --from=build /feedmill /usr/local/bin/feedmill
COPY LICENSE /usr/share/doc/feedmill/LICENSE
# Nothing is written outside /data (the store, beside a configuration that is there) and /tmp.
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV HOME=/data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["feedmill", "healthcheck"]
ENTRYPOINT ["feedmill"]
CMD ["serve"]
