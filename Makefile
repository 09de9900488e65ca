# fashionviz: `make serve` runs the suite, `make test` passes the tests, `make help` explains the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 7860
# Test processes beside each other: as many as there are cores, at most four, each holds torch and some models.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2); echo $$(( n < 4 ? n : 4 )))
PINS := requirements.txt requirements-core.txt constraints.txt pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help install serve test test-fast browser check format bench screenshot clean

help: ## Explain the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: $(PINS)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found."; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Set PYTHON=/path/to/python3.11."; exit 1; }
	@test -x $(BIN)/pip || { rm -rf $(VENV); "$(PYTHON)" -m venv $(VENV); } || { rm -rf $(VENV); echo "The environment could not be created; on Debian, install python3-venv."; exit 1; }
	@echo "Installing the pinned packages (about 5.5 GB with torch; a few minutes the first time) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed ## Create .venv and install the suite

serve: $(VENV)/.installed ## Serve the suite on http://127.0.0.1:7860 (HOST=, PORT=)
	@exec $(BIN)/fashionviz serve --host $(HOST) --port $(PORT)

browser: # A Chromium for the browser tests: Debian's, where it may be installed
	@"$(PYTHON)" -m bench.browser >/dev/null || { \
	  if [ -z "$$FASHIONVIZ_CHROMIUM" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Debian's chromium for the browser tests ..."; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null \
	      || echo "Chromium could not be installed; the browser tests will say so."; \
	  else echo "The browser tests will be skipped."; fi; }

test: $(VENV)/.installed-dev browser ## Run all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-fast: $(VENV)/.installed-dev ## Run the tests that need no browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not browser"

check: $(VENV)/.installed-dev ## Lint, format and type checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed ## Run the benchmarks; each prints a ratio measured in one run
	@for b in bench/bench_*.py; do $(BIN)/python $$b; done

screenshot: $(VENV)/.installed-dev browser ## Take the README's screenshots of the running suite
	$(BIN)/python -m bench.screenshot

clean: ## Remove the environment and caches of the checkout
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
