# Everything a newcomer needs; `make help` lists it. Set-up happens by itself and once: .venv/ is made from the locked
# requirements, by uv, which is itself installed into it.
.DEFAULT_GOAL := help
.PHONY: help setup up test check lint types bench screenshots browser lock clean

BIN := .venv/bin
READY := .venv/.ready
# Three processes: the tests of the running house and of the browser stay together, each in one, and wait as much as they
# compute.
PYTEST_ARGS ?= -n 3 --dist loadgroup
# The first of these that is a Python 3.11 to 3.13.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && echo $$name && break; \
	done)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(READY) ## Run everything with demo data until Ctrl-C
	@exec $(BIN)/postagent up

test: $(READY) browser ## Run all tests (gets a browser for the end-to-end test if there is none)
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint test ## Run all that must pass before a commit lands

lint: $(READY) ## Check style, types and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

types: $(READY) ## Check types only
	@$(BIN)/mypy

bench: $(READY) ## Measure: time to ready, memory, and what else tests/benchmarks holds
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

screenshots: $(READY) browser ## Take pictures of every page in every state (SHOTS="--readme", "--only metrics", "--operator")
	@PYTHONPATH=. $(BIN)/python tests/screenshots.py $(SHOTS)

setup: $(READY) ## Install into .venv (the other targets do it by themselves)

lock: $(READY) ## Refresh the locked requirements from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --extra dev --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --upgrade -o requirements.lock pyproject.toml

clean: ## Remove .venv and caches; the data in .postagent stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

browser:
	@.ci/browser

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@if [ ! -x $(BIN)/python ]; then \
		if [ -z "$(PYTHON)" ]; then \
			echo "PostAgentPro needs Python 3.11, 3.12 or 3.13; found: $$(python3 --version 2>&1 || echo none). Install one, or run make PYTHON=/path/to/python3.12" >&2; exit 1; \
		fi; \
		echo "Making .venv with $$($(PYTHON) --version) ..."; \
		$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; \
			echo "$(PYTHON) cannot make a virtual environment: install its venv package (Debian: apt install python3-venv), then run make again" >&2; exit 1; }; \
	fi
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@echo "Installing the locked requirements ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
