# The commands of the project. `make help` lists them; CI runs nothing that is not here.
SHELL := /bin/bash
PYTHON ?= $(shell scripts/python)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup dev run check format test test-all screenshots docs bench lock migration cover clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.run  ## Create .venv with everything `pillarbox` needs

dev: $(VENV)/.dev  ## Add what tests and checks need to .venv

$(VENV)/.run: requirements/run.txt pyproject.toml
	@scripts/venv $(PYTHON) $(VENV) requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@scripts/venv $(PYTHON) $(VENV) requirements/dev.txt
	@touch $(VENV)/.run $@

run: setup  ## Start Pillarbox: API, web page and SMTP on this machine, mail captured
	@exec $(BIN)/pillarbox serve

check: dev  ## Formatting, lint, types, import contracts, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/docs.py --check

format: dev  ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: dev  ## All tests on SQLite and PostgreSQL, except the slow suites
	@scripts/system-packages
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-all: dev  ## Everything, with the slow suites
	@scripts/system-packages all
	$(BIN)/python -m pytest

screenshots: dev  ## Draw every screen into build/screenshots
	@scripts/system-packages
	PYTHONPATH=. $(BIN)/python scripts/screenshots.py $(SCREENS)

cover: dev  ## Tests with branch coverage
	@scripts/system-packages
	$(BIN)/coverage run -m pytest -m "not slow"
	$(BIN)/coverage report --skip-covered

docs: dev  ## Rewrite the generated pages of docs/
	$(BIN)/python scripts/docs.py

bench: setup  ## Measure this machine: accept, deliver, latency, memory
	$(BIN)/pillarbox bench

lock: dev  ## Pin the newest allowed versions of all packages, with hashes (needs uv)
	scripts/lock

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
