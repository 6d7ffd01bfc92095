# `make help` prints the targets. Every tool that is not part of Go is pinned here and run from its source.
GOFUMPT     = mvdan.cc/gofumpt@v0.11.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
# The fuzzing of Go before 1.27 sometimes fails at the end of its time with "context deadline exceeded" and no input (golang/go#75804).
FUZZGO      = go1.27.1

GO       ?= go
PKG      ?= ./...
FUZZTIME ?= 20s
BENCH    ?= .
SITE     ?= deploy/sample-site

# The packages that tests need beside Go: a real Redis, git and sshd, a C compiler for the race detector, a Chromium with Chinese letters.
export DEBIAN_FRONTEND = noninteractive
SHELL = /bin/bash

.DEFAULT_GOAL := help
.PHONY: help check tools format tidy vet lint test race browser bench fuzz golden build run image clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: tools format tidy vet lint race browser ## everything that CI runs: format, go.mod, vet, staticcheck, every test against a real Redis and a real Chromium

tools: ## install what the tests need beside Go, and say so
	@missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v $$($(GO) env CC) >/dev/null || missing="$$missing gcc libc6-dev"; \
	command -v git >/dev/null || missing="$$missing git"; \
	{ command -v sshd || [ -x /usr/sbin/sshd ]; } >/dev/null || missing="$$missing openssh-server openssh-client"; \
	{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || missing="$$missing chromium"; \
	[ -n "$$(fc-list :lang=zh 2>/dev/null)" ] || missing="$$missing fontconfig fonts-wqy-zenhei"; \
	[ -z "$$missing" ] && exit 0; \
	if ! command -v apt-get >/dev/null; then \
		echo "check: missing:$$missing; install it with the package manager of this system" >&2; exit 1; fi; \
	if [ "$$(id -u)" != 0 ]; then \
		echo "check: missing:$$missing; run: sudo apt-get update && sudo apt-get install$$missing" >&2; exit 1; fi; \
	echo "check: installing$$missing with apt-get"; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing

format: ## is everything formatted? (`go run $(GOFUMPT) -w .` does it)
	@out=$$($(GO) run $(GOFUMPT) -l .) || exit 1; \
	[ -z "$$out" ] || { printf 'not formatted by gofumpt:\n%s\n' "$$out" >&2; exit 1; }

tidy: ## does go.mod say what is used?
	$(GO) mod tidy -diff

vet: ## go vet
	$(GO) vet ./...

lint: ## staticcheck
	$(GO) run $(STATICCHECK) ./...

test: ## every test; those that need Redis, git or sshd are skipped without them
	$(GO) test -shuffle=on $(PKG)

race: tools ## every test with the race detector, but for those that measure memory, which follow; nothing is skipped
	CI=true CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 18m $(PKG)
	CI=true $(GO) test -shuffle=on ./sources/jsonapi ./sources/internal/sitetest

BROWSERTEST = feeds/web/browsertest
browser: tools ## the pages in a real Chromium; its screenshots are in feeds/web/browsertest/screenshots
	cd $(BROWSERTEST) && $(GO) mod tidy -diff && $(GO) vet . && $(GO) run $(STATICCHECK) . && CI=true $(GO) test -count=1 .

bench: ## benchmarks of PKG that match BENCH
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)

fuzz: ## every fuzz target of PKG for FUZZTIME each
	@failed=; for pkg in $$($(GO) list $(PKG)); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "== $$pkg $$target"; \
			GOTOOLCHAIN=$(FUZZGO) $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s $$pkg || failed="$$failed $$target"; \
		done; done; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

golden: ## rewrite the expected files of the tests; review the difference before committing it
	@set -e; for pkg in $$(grep -rlE 'flag\.Bool\("update"' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
		$(GO) test $$pkg -update; done
	git diff --stat

build: ## the binary, as released: ./feedmill
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o feedmill ./cmd/feedmill

run: ## serve SITE at http://localhost:8080, remembering nothing
	$(GO) run ./cmd/feedmill serve --store memory: $(SITE)

image: ## the container image feedmill
	docker build -t feedmill .

clean: ## remove what was built here
	rm -rf feedmill feedbench $(BROWSERTEST)/screenshots
