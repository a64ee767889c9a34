# Every target works in a fresh clone: it needs Python 3.11 or newer with venv, make, and a package index.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes

# Each process has servers of its own; the tests of one file share what their fixtures build, and those of one
# directory what factories remember (tests/side_by_side.py). Many wait for processes they started, so that one
# process more than there are cores is no crowd.
PARALLEL := -p xdist -n $(shell expr `getconf _NPROCESSORS_ONLN` + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

NODE_CLIENTS := tests/releases/rollouts/node_clients

# Every process imports some 1,800 modules, and the suite starts dozens: compiling them anew takes 4 s each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up serve test check slow bench clean chromium node go

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

up: .venv/.installed .venv/.installed-demo ## run everything with the demo's story (PORT=8000)
	@$(BIN)/python manage.py up

serve: .venv/.installed ## run everything without demo data
	@$(BIN)/python manage.py serve

test: .venv/.installed-dev .venv/.installed-demo chromium node ## the whole suite, with servers of its own
	$(BIN)/python -m pytest $(PARALLEL)

check: .venv/.installed-dev ## format, lint, types, layers, migrations, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(MAKE) test

slow: .venv/.installed-dev .venv/.installed-demo chromium node go ## the tests that take minutes, and properties with more examples
	$(BIN)/python -m pytest -m slow
	EXAMPLES=300 $(BIN)/python -m pytest $(PARALLEL) $(shell grep -rl "^from hypothesis" --include='test_*.py' tests)

# Exit 1 names a missed goal, 2 says that something could not be measured. QUICK=1 judges by no goal of full scale.
bench: .venv/.installed .venv/.installed-demo ## measure against peers and floors (QUICK=1 ROUNDS=n ROWS="…" DOCS=1 ALLOW_MISSES=1)
	@$(BIN)/python -m benchmarks

clean: ## remove caches and the servers of tests; the data of `make up` stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache var/test-*
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# Browser tests need Debian's chromium. Without it, and without the right to install it, they are skipped.
chromium:
	@command -v chromium >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  echo "installing chromium for the browser tests" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	} || echo "chromium is absent: the browser tests will be skipped (apt-get install chromium)"

# Checkpoints and proofs are opened by Go's own libraries too. Without them that is skipped, as above.
go:
	@command -v go >/dev/null && test -d /usr/share/gocode/src/golang.org/x/mod/sumdb || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  echo "installing Go for the tests of the ledger" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    golang-go golang-golang-x-mod-dev >/dev/null; \
	} || echo "go is absent: its tests will be skipped (apt-get install golang-go golang-golang-x-mod-dev)"

# The tests of OFREP ask with OpenFeature's own JavaScript clients. Without node they are skipped, as above.
node: .venv/node/.installed
.venv/node/.installed: $(NODE_CLIENTS)/package.json $(NODE_CLIENTS)/package-lock.json | $(BIN)/uv
	@command -v npm >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  echo "installing node for the tests of OFREP" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nodejs npm >/dev/null; \
	} || echo "node is absent: the tests with JavaScript clients will be skipped (apt-get install nodejs npm)"
	@if command -v npm >/dev/null; then \
	  echo "installing the JavaScript clients" && mkdir -p $(@D) && cp $^ $(@D) && \
	  (cd $(@D) && npm ci --silent --ignore-scripts --no-audit --no-fund) && touch $@; \
	fi

$(BIN)/uv:
	@echo "creating .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "No venv: install it (Debian: apt-get install python3-venv) and run make again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/.installed: requirements.txt | $(BIN)/uv
	@echo "installing packages"
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/.installed-demo: requirements-demo.txt | $(BIN)/uv
	@echo "installing the demo's scores"
	@$(INSTALL) --no-deps -r requirements-demo.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt | $(BIN)/uv
	@echo "installing packages for development"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
