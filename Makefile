# `make` prints the targets. Nothing here installs anything; .ci/run does.

GO ?= go
BENCH ?=

# What git sees as changed, contents included. check compares it with itself.
tree = git status --porcelain && git diff HEAD | git hash-object --stdin

.PHONY: help run test check bench prove simulate killed cuts mutants fmt generate clean tidy-check

help: ## print this
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: bin/mailstamp ## build and start the demo: a sample company with its mail, in this terminal
	bin/mailstamp demo

.PHONY: bin/mailstamp
bin/mailstamp:
	$(GO) build -o $@ ./cmd/mailstamp

.PHONY: bin/session
bin/session:
	@$(GO) build -o $@ ./testenv/session

# -count=1: black-box tests build the program themselves, which the test cache does not see.
test: bin/session ## run all tests with the race detector, in random order (T=./db/... for some)
	@docker version >/dev/null 2>&1 || echo "There is no Docker engine: tests on real mail servers are skipped, each says so."
	bin/session $(GO) test -race -shuffle=on -count=1 -timeout 20m $(or $(T),./...)

check: ## what CI runs: format, vet, build, generated code, tests, and a tree that none of it changed
	@{ $(tree); } >.git/mailstamp-tree 2>&1
	@echo "== gofmt"
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not formatted, run make fmt:"; echo "$$files"; exit 1; }
	@echo "== go vet"
	@$(GO) vet ./...
	@echo "== go build"
	@$(GO) build ./...
	@$(MAKE) --no-print-directory tidy-check
	@$(MAKE) --no-print-directory generate
	@$(MAKE) --no-print-directory unchanged WHY="generated code is not current: run make generate and commit"
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory unchanged WHY="the tests left files behind"
	@echo "== all checks passed"

.PHONY: unchanged
unchanged:
	@{ $(tree); } 2>&1 | cmp -s - .git/mailstamp-tree || { echo "$(WHY)"; git status --short; exit 1; }

tidy-check: ## go.mod and go.sum of both modules name what is used
	$(GO) mod tidy -diff
	cd db/sqlc && $(GO) mod tidy -diff

bench: ## measure: one line "bench <name> <value> <unit>" per figure (BENCH="name …" for some; backfill_1m by its name only)
	@mkdir -p bin && $(GO) build -o bin/bench ./testenv/bench
	@bin/bench $(BENCH)

prove: bin/session ## the proof of visibility at full length: 10,000 random steps, every interleaving, every order
	MAILSTAMP_HISTORY_STEPS=$(or $(STEPS),10000) MAILSTAMP_INTERLEAVING_TURNS=0 bin/session $(GO) test -race -timeout 1h -v -run 'TestV14|TestV01|TestV03' ./visibility

simulate: bin/session ## the whole system under random faults, compared with the truth (SEED=, STEPS=; without SEED three, one of them new)
	MAILSTAMP_SIMULATE_SEED=$(SEED) MAILSTAMP_SIMULATE_STEPS=$(or $(STEPS),2000) bin/session $(GO) test -race -timeout 2h -count=1 -v -run TestSimulation ./testenv/simulate

killed: bin/session ## kill the worker again and again during a first sync of a million messages (MESSAGES= for fewer)
	MAILSTAMP_F33_MESSAGES=$(or $(MESSAGES),1000000) bin/session $(GO) test -timeout 8h -count=1 -v -run TestF33 ./cmd/mailstamp

cuts: bin/session ## cut the connection after every byte of two syncs (EVERY= for each so many bytes)
	MAILSTAMP_CUT_EVERY=$(or $(EVERY),1) bin/session $(GO) test -race -timeout 8h -count=1 -v -run TestF20F21CutAfterEveryByte ./ingest

mutants: bin/session ## make known mistakes, one by one: does the suite catch each? (M="a part of a name" for some)
	@bin/session $(GO) run ./testenv/mutants $(if $(M),"$(M)")

fmt: ## format all Go files
	gofmt -w .

generate: ## generate the Go code of db/queries from SQL
	cd db/sqlc && $(GO) tool sqlc generate -f ../sqlc.yaml

clean: ## remove what was built, and the demo's data
	rm -rf bin .mailstamp
