# make run: a gateway on 127.0.0.1:8080. make test: everything that proves it. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(sort $(wildcard plugins/*/pyproject.toml))
EDITABLE := -e . $(foreach plugin,$(PLUGINS),-e $(dir $(plugin)))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test lint bench docs lock clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: setup ## start the gateway with gateway.yaml
	@$(BIN)/headgate serve

setup: $(VENV)/.run ## install the core and every plugin into .venv
setup-dev: $(VENV)/.dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headgate needs Python 3.11 or later")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is needed (on Debian and Ubuntu: the package python3-venv)" >&2; exit 1; }

# Hashes are checked, nothing is resolved: what was tested is what is installed.
$(VENV)/.run: deploy/lock/run.txt pyproject.toml $(PLUGINS) | $(BIN)/python
	@echo "Installing Headgate into $(VENV) ..."
	@$(PIP) install --require-hashes -r deploy/lock/run.txt
	@$(PIP) install --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/.dev: deploy/lock/dev.txt $(VENV)/.run
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes -r deploy/lock/dev.txt
	@touch $@

test: setup-dev ## run every test
	@$(BIN)/python -m pytest $(PYTEST)

lint: setup-dev ## ruff, mypy --strict, import-linter, generated docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python docs/generate.py --check

bench: setup-dev ## measure beside the least aiohttp proxy (needs wrk, nginx, libnginx-mod-http-lua)
	@$(BIN)/python tests/bench/run.py $(BENCH)

docs: setup-dev ## rewrite the generated parts of the manual
	@$(BIN)/python docs/generate.py

lock: setup-dev ## resolve the dependencies anew
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group build --group plugins -o deploy/lock/run.txt pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group build --group plugins --group dev -c deploy/lock/run.txt -o deploy/lock/dev.txt pyproject.toml

clean: ## remove what was installed and cached
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
