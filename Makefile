# `make` lists the targets. Everything lands in $CARGO_TARGET_DIR or ./target, models in the user's cache.

SHELL := /bin/bash
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BIN := $(TARGET)/release
PROGRAMS := -p duologue-cli -p duologue-engine-llm -p duologue-engine-speech
FAST := --bin duologue-engine-llm-avx512
SCENARIO ?= internet-outage

.DEFAULT_GOAL := help
.PHONY: help setup page build demo test test-core bench bench-a2a bench-mtls bench-store bench-turn-taking interop
.PHONY: example-documents example-voice-agent conformance-agent kill-test rotation-test interop-a2a interop-opa
.PHONY: interop-identity interop-spire interop-tools soak ci

help: ## lists the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 20

setup: ## installs the system packages that building needs (Debian, Ubuntu)
	@scripts/setup.sh
	@scripts/page.sh

page: ## builds the page, which the next build of the program takes in (Node.js 20.19 or newer)
	@scripts/page.sh --required

build: ## builds what a user gets: duologue, with its page where there is Node.js, and its two engines
	@scripts/page.sh
	$(CARGO) build --release $(PROGRAMS)
	@scripts/fast-engine.sh $(CARGO) build --release $(PROGRAMS) $(FAST) || [ $$? = 3 ]

demo: setup ## builds, fetches models, and holds a real voice conversation (SCENARIO=internet-outage)
	@CARGO="$(CARGO)" BIN="$(BIN)" scripts/demo.sh --scenario $(SCENARIO)

# Programs and tests are compiled in one go, because the tests of speech and of whole conversations start the programs.
# Those tests run where the models are in the cache (DUOLOGUE_MODELS), and say so where they are not.
MODELS := $(or $(DUOLOGUE_MODELS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/duologue/models)
test: setup ## builds and passes all tests that need nothing but this machine
	$(CARGO) build --release --workspace --bins --tests
	@scripts/fast-engine.sh $(CARGO) build --release --workspace $(FAST) || [ $$? = 3 ]
	@test -f "$(MODELS)/manifest.json" || echo 'test: SKIPPED what needs local models: none in $(MODELS); `duologue models fetch` gets them' >&2
	$(if $(wildcard $(MODELS)/manifest.json),DUOLOGUE_TEST_MODELS="$(MODELS)") $(CARGO) test --release --workspace

test-core: ## the tests that need no C++ compiler: everything but the engines, in seconds
	$(CARGO) test --release

LOAD := $(BIN)/duologue-voice-load
bench: bench-a2a bench-mtls build ## A2A servers beside each other, what mTLS and policies cost; then voice sessions beside livekit-agents on one core, and real calls (45 minutes)
	$(CARGO) build --release -p duologue-voice-load
	benches/voice/compare.py --ours "$(LOAD)" $(BENCH_ARGS)
	benches/voice/real_call.py --duologue "$(BIN)/duologue"

bench-a2a: ## measures our A2A server beside those of the SDKs, on one core each, on a quiet machine (about 20 minutes)
	@scripts/setup.sh --bench-a2a
	$(CARGO) build --release --workspace --bin duologue-a2a-echo
	benches/a2a/compare.py --ours "$(BIN)/duologue-a2a-echo" $(A2A_ARGS)

bench-mtls: ## what mTLS, a policy and the decision log cost a call, beside plaintext and a2a-sdk for Python (about 6 minutes)
	@scripts/setup.sh --bench-a2a
	$(CARGO) build --release --workspace --bin duologue-mtls-bench
	benches/mtls/compare.py --ours "$(BIN)/duologue-mtls-bench" $(MTLS_ARGS)

bench-store: ## commits a second that the store makes durable, in a file here or in BENCH_ARGS=URL
	$(CARGO) build --release --workspace --bin duologue-store-load
	"$(BIN)/duologue-store-load" $(BENCH_ARGS); rm -f store-load.db*

bench-turn-taking: ## plays the same calls to our sessions and to livekit-agents', on a quiet machine (about 20 minutes)
	$(CARGO) build --release --workspace --bin duologue-turn-taking
	benches/turn-taking/compare_turns.py --ours "$(BIN)/duologue-turn-taking" $(BENCH_ARGS)

# Arguments of tests/interop/run.py, such as `make interop INTEROP_ARGS='--server embedded --json'`.
interop: interop-a2a interop-tools ## tests against real peers, which are installed first: the SDKs of A2A, a livekit-server, LiveKit's own clients and agents
	@scripts/setup.sh --livekit-server
	@scripts/setup.sh --interop
	DUOLOGUE_TEST_LIVEKIT=required $(CARGO) test --release --workspace --test real
	$(CARGO) build --release --workspace --bin duologue --example peer
	tests/interop/run.py $(INTEROP_ARGS)

PORT ?= 9999
PUSH ?= 1
DOCUMENTS := document-worker document-summariser document-orchestrator
example-documents: ## starts the three agents of the document example, with identities and policies, until interrupted
	$(CARGO) build --release -p duologue-cli $(addprefix -p ,$(DOCUMENTS))
	@exec examples/documents.sh "$(BIN)"

example-voice-agent: ## a call in a room with an agent that calls tools, by lines of a file; DUOLOGUE_LLM=openai and the like for models
	$(CARGO) build --release -p duologue-cli -p voice-agent-with-tools
	@exec examples/voice-agent-with-tools/call.sh "$(BIN)"

conformance-agent: ## an A2A agent for conformance kits: PORT=9999, gRPC on PORT+1; PUSH=0 turns streaming and push off
	$(CARGO) build --release -p duologue-gateway --example conformance-agent
	PORT=$(PORT) PUSH=$(PUSH) exec "$(BIN)/examples/conformance-agent"

# DUOLOGUE_TEST_SEED says by which dice; with five kills this is part of `make test`.
kill-test: ## kills processes that serve an agent, a hundred times, and looks at what is lost (PostgreSQL is installed first)
	@scripts/setup.sh --postgres
	DUOLOGUE_TEST_KILLS=100 DUOLOGUE_TEST_POSTGRES=required $(CARGO) test --release --workspace --test kill -- --nocapture --test-threads 1

rotation-test: ## 100,000 requests over mTLS, on new connections and on kept ones, while identities and roots change (some minutes)
	DUOLOGUE_TEST_ROTATION=100000 $(CARGO) test --release --workspace --test identity -- rotation --nocapture
	DUOLOGUE_TEST_ROTATION=20000 $(CARGO) test --release --workspace --test mutual -- rotation --nocapture

interop-a2a: ## tests against the SDKs of A2A, their servers and their clients, which are installed first
	@scripts/setup.sh --interop-a2a
	$(CARGO) build --release --workspace --example a2a_client --example conformance-agent
	tests/interop-a2a/run.py

interop-opa: ## has a real OPA decide beside our policies about 5,000 calls; it is compiled first (20 minutes)
	@scripts/setup.sh --opa
	DUOLOGUE_TEST_OPA=required $(CARGO) test --release --workspace --test decisions -- --nocapture

interop-identity: ## tests our authority against a client of the SPIFFE Workload API by others, py-spiffe, which is installed first
	@scripts/setup.sh --interop-identity
	$(CARGO) build --release --workspace --example authority
	tests/interop-identity/run.py

interop-spire: ## calls between our agents with identities of a real SPIRE, whose server and agent are compiled first (20 minutes)
	@scripts/setup.sh --spire
	$(CARGO) build --release --workspace --example spiffe_pair
	tests/interop-identity/spire.py

interop-tools: ## tests of tools against the SDK of MCP, which is installed first
	@scripts/setup.sh --interop-tools
	DUOLOGUE_TEST_MCP=required $(CARGO) test --release --workspace --test tools

soak: ## hours of conversations, watched for leaks
	@echo 'soak: nothing to run yet. An hour in virtual time is part of `make test`.'

ci: ## everything that must pass before a change lands
	@.ci/run
