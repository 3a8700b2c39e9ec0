# The commands of this project. Each does what its recipe says and nothing else.
# On a fresh Debian 12 they need Rust, git, make and a C compiler; what else one needs, it puts into .tools.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Where `make dev` listens, on loopback, and where it keeps its data.
PORT ?= 3000
DATA_DIR ?= .data
export PORT DATA_DIR

# Cargo decides the features of shared dependencies per selection of packages. Every command here
# selects the whole workspace (`--bin` without `-p` too), or each would build the AWS SDKs anew.
OPENAPI := cargo run --quiet --bin portico-local -- openapi
COSTS := cargo run --quiet --bin portico-bench -- costs

DENY_VERSION := 0.20.2
DENY := .tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny

SAM_PACKAGES := aws-sam-cli==1.170.0 cargo-lambda==1.9.2 ziglang==0.17.0
SAM := .tools/sam/bin/sam
# This machine's processor, as Lambda calls it.
HOST_ARCH := $(subst aarch64,arm64,$(shell uname -m))
export SAM_CLI_TELEMETRY := 0

CHECKOV_VERSION := 3.3.30
CHECKOV := .tools/checkov-$(CHECKOV_VERSION)/bin/checkov

# What the test of `make deploy` deploys to, with the same translator of templates as the SAM CLI's.
MOTO_VERSION := 5.2.5
MOTO := .tools/moto-$(MOTO_VERSION)/bin/moto_server

# The section of samconfig.toml that `make deploy` takes.
ENV ?= default
PEER_PACKAGES := moto[server,dynamodb]==5.2.5 ministack==1.5.33
PEERS := .tools/peers
# A fake of Stripe, which the tests of saved cards start.
LOCALSTRIPE := .tools/localstripe/bin/localstripe

.PHONY: help
help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile \
		| while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

.PHONY: dev
dev: ## Build and serve the whole platform on http://127.0.0.1:$PORT (3000), data in $DATA_DIR (.data)
	cargo run --bin portico-local

.PHONY: dev-reset
dev-reset: ## Empty $DATA_DIR; stop `make dev` first
	@[ -e "$$DATA_DIR" ] || { echo "$$DATA_DIR is not there: nothing to empty."; exit 0; }; \
	dir=$$(cd -- "$$DATA_DIR" && pwd -P); inside=$${dir%/}; \
	for keep in "$$(pwd -P)" "$${HOME:-/}"; do \
		case "$$keep/" in "$$inside"/*) \
			echo "Refusing to empty $$dir: $$keep is in it." >&2; exit 1;; esac; \
	done; \
	if [ "$$dir" != "$$(pwd -P)/.data" ] && [ ! -e "$$dir/keyring.json" ]; then \
		echo "Refusing to empty $$dir: it has no keyring.json, so the platform did not make it." >&2; exit 1; \
	fi; \
	find "$$dir" -mindepth 1 -delete; \
	echo "Emptied $$dir."

.PHONY: test
test: $(LOCALSTRIPE) ## Build and run all tests (needs Python 3 with venv)
	if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --workspace --no-fail-fast; \
	else \
		cargo test --workspace --lib --bins --tests --no-fail-fast; \
	fi
	cargo test --workspace --doc

$(LOCALSTRIPE): tests/localstripe/requirements.txt
	python3 -m venv .tools/localstripe
	.tools/localstripe/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
	@echo "localstripe is in .tools/localstripe: the tests of saved cards start it."

.PHONY: test-peers
test-peers: $(PEERS)/bin/moto_server ## Run the store's tests against other DynamoDBs: moto, ministack (needs Python 3 with venv)
	tests/peers.sh $(PEERS)

.PHONY: check
check: check-format check-lints check-docs check-openapi check-costs check-licences check-template ## All that CI checks but the tests
	@echo "check: formatting, lints, docs, OpenAPI document, costs, dependency licences and templates are in order."

.PHONY: check-format
check-format:
	cargo fmt --all --check

.PHONY: check-lints
check-lints:
	cargo clippy --workspace --all-targets --test deployed -- -D warnings

.PHONY: check-docs
check-docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

.PHONY: check-openapi
check-openapi:
	$(OPENAPI) | diff -u docs/openapi.json - \
		|| { echo "docs/openapi.json is not what the code says: run make openapi and commit it." >&2; exit 1; }

.PHONY: check-costs
check-costs:
	$(COSTS) | diff -u docs/costs.md - \
		|| { echo "docs/costs.md is not what budgets, template and prices come to: run make costs and commit it." >&2; exit 1; }

.PHONY: check-licences
check-licences: $(DENY)
	$(DENY) check --hide-inclusion-graph bans licenses sources

$(DENY):
	cargo install --locked --root .tools/cargo-deny-$(DENY_VERSION) --version $(DENY_VERSION) cargo-deny

.PHONY: openapi
openapi: ## Write docs/openapi.json from the code
	$(OPENAPI) >docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json

.PHONY: costs
costs: ## Write docs/costs.md: what a million calls cost, from docs/budgets.md, template.yaml and AWS's prices
	$(COSTS) >docs/costs.md.new
	mv docs/costs.md.new docs/costs.md

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

.PHONY: bench
bench: $(SAM) ## Measure the platform, the functions' cold starts over TLS and their CPU; PARTS="cold-start" only that
	$(MAKE) --no-print-directory build ARCH="$(HOST_ARCH)"
	cargo build --workspace --release --bin portico-bench --bin portico-local
	target=$$(realpath -m "$${CARGO_TARGET_DIR:-target}"); \
	(cd infra/bench/naive && cargo build --release --locked --target-dir "$$target/naive"); \
	"$$target/release/portico-bench" --functions "target/lambda/$(HOST_ARCH)" \
		--naive "$$target/naive/release/naive" $(PARTS)

.PHONY: audit
audit: $(DENY) ## Look for known vulnerabilities in the dependencies (needs the network)
	$(DENY) check --hide-inclusion-graph advisories

.PHONY: validate
validate: check-template ## Check template.yaml and infra/waf.yaml: SAM, cfn-lint, policies (needs Python 3 with venv)

.PHONY: check-template
check-template: $(SAM) $(CHECKOV)
	$(SAM) validate --lint
	.tools/sam/bin/cfn-lint infra/waf.yaml
	$(CHECKOV) --config-file .checkov.yaml --file template.yaml infra/waf.yaml

$(CHECKOV):
	rm -rf .tools/checkov-*
	python3 -m venv .tools/checkov-$(CHECKOV_VERSION)
	.tools/checkov-$(CHECKOV_VERSION)/bin/pip install --quiet --disable-pip-version-check checkov==$(CHECKOV_VERSION)

.PHONY: build
build: $(SAM) ## Build the functions as they are deployed; ARCH=arm64 or x86_64 only that (needs Python 3 with venv)
	@PATH="$(CURDIR)/.tools/sam/bin:$$PATH" infra/lambda/build.sh

.PHONY: invoke
invoke: $(SAM) ## Run a built function in a container: F=client-data E=get-profile (needs Docker and `make dev`)
	@cargo build --quiet --bin portico-local
	@infra/lambda/local.sh invoke

.PHONY: start-api
start-api: $(SAM) ## Serve the built functions from containers on http://127.0.0.1:$API_PORT (3001); needs as invoke
	@cargo build --quiet --bin portico-local
	@infra/lambda/local.sh start-api

.PHONY: lambda-image
lambda-image: ## Make the containers' base image from Debian's packages, where Docker cannot pull it
	@infra/lambda/image.sh

# The functions run on this machine, whatever else was built before.
.PHONY: test-lambda
test-lambda: $(SAM) ## Replay every event on the executables that are deployed, with Docker in containers too
	$(MAKE) --no-print-directory build ARCH="$(HOST_ARCH)"
	cargo build --quiet --bin portico-local
	@nextest=() libtest=(); \
	if ! docker info >/dev/null 2>&1; then \
		nextest=(-E 'not test(/^sam::/)') libtest=(-- --skip sam::); \
		echo "test-lambda: no Docker engine answers, so sam local invoke and sam local start-api were not tried"; \
	fi; \
	if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --workspace --test deployed --no-fail-fast "$${nextest[@]}"; \
	else \
		cargo test --workspace --test deployed --no-fail-fast "$${libtest[@]}"; \
	fi

.PHONY: deploy
deploy: $(SAM) ## Build and deploy the environment ENV (default); asks for its settings the first time
	architecture=$$(.tools/sam/bin/python infra/deploy/settings.py '$(ENV)'); \
	$(MAKE) build ARCH="$$architecture"; \
	built=$$(basename "$$(readlink target/lambda/current)"); \
	[ "$$built" = "$$architecture" ] || { echo "Built is $$built, to be deployed $$architecture." >&2; exit 1; }; \
	$(SAM) deploy --config-env '$(ENV)'

.PHONY: test-deploy
test-deploy: $(SAM) $(MOTO) ## Run make deploy against a stand-in for AWS (needs Python 3 with venv)
	.tools/moto-$(MOTO_VERSION)/bin/python -m unittest --verbose infra/deploy/test_deploy.py

$(MOTO):
	rm -rf .tools/moto-*
	python3 -m venv .tools/moto-$(MOTO_VERSION)
	.tools/moto-$(MOTO_VERSION)/bin/pip install --quiet --disable-pip-version-check \
		'moto[server]==$(MOTO_VERSION)' aws-sam-translator==1.115.0

$(SAM): Makefile
	python3 -m venv .tools/sam
	.tools/sam/bin/pip install --quiet --disable-pip-version-check $(SAM_PACKAGES)
	touch $@

$(PEERS)/bin/moto_server: Makefile
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check $(foreach package,$(PEER_PACKAGES),'$(package)')
	touch $@
