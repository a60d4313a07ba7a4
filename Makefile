# `make demo` and `make test` set up all they need. PYTHON picks the interpreter for a new .venv.
PYTHON ?= python3
BIN := .venv/bin
# What has been installed, so that only a change of pyproject.toml installs again.
DEMO_READY := .venv/.demo-ready
DEV_READY := .venv/.dev-ready
SOURCES := mplp_sdk adapters mock_server
CODE := $(SOURCES) tests examples scripts benchmarks

.DEFAULT_GOAL := help
.PHONY: help demo test check format generate bench fuzz clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/pyvenv.cfg:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

$(DEMO_READY): pyproject.toml .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[langchain,server,cli]'
	@touch $@

$(DEV_READY): pyproject.toml .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(DEMO_READY)

demo: $(DEMO_READY)  ## Record an agent against the reference server, and show what was recorded
	$(BIN)/python examples/demo.py

test: $(DEV_READY)  ## Run the tests
	$(BIN)/python -m pytest

check: $(DEV_READY)  ## Lint, types, generated code, public names
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/python scripts/generate_sync.py --check
	$(BIN)/python scripts/generate_protocol_docs.py --check
	$(BIN)/python scripts/generate_examples.py --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python scripts/check_names.py

format: $(DEV_READY)  ## Format the code and put imports in order
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

generate: $(DEV_READY)  ## Write anew what is generated: the synchronous client, docs/protocol.md, examples
	$(BIN)/python scripts/generate_sync.py
	$(BIN)/python scripts/generate_protocol_docs.py
	$(BIN)/python scripts/generate_examples.py

bench: $(DEV_READY)  ## Measure, as ratios against named baselines in the same run
	$(BIN)/python -m benchmarks

fuzz: $(DEV_READY)  ## Hold the server to its OpenAPI document with many more examples than the tests do
	MPLP_SCHEMATHESIS_EXAMPLES=500 $(BIN)/python -m pytest tests/server/test_server_schemathesis.py --timeout 3600

clean:  ## Remove the environment and every cache
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
