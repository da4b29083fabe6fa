# Every target makes the virtual environment it needs, from pyproject.toml; nothing else has to be installed
# than Python 3.11 or newer and make.
#
#   make test PYTHON=python3.13 VENV=.venv313      another Python, in an environment of its own
#   make run ARGS="--executor serial"              more words for the command
#   make test ARGS="-m 'not cluster' -x"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
CONTRACTS := tests/test_layering.py tests/test_public_names.py

.DEFAULT_GOAL := help
.PHONY: run test check bench clean help

run: $(VENV)/run.stamp ## train a classifier on real images, its gradient in parallel
	@$(BIN)/backprop train mnist $(ARGS)

test: $(VENV)/dev.stamp ## run all tests
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev.stamp ## style, types (two checkers), layers, public names
	$(BIN)/ruff check .
	$(BIN)/mypy --strict backprop
	$(BIN)/basedpyright --pythonpath $(BIN)/python backprop
	$(BIN)/python -m pytest -q $(CONTRACTS)

bench: $(VENV)/run.stamp ## run every benchmarks/bench_*.py
	@set -e; for file in $(wildcard benchmarks/bench_*.py); do echo "== $$file"; $(BIN)/python $$file $(ARGS); done

clean: ## remove the environment and all caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile

# A stamp is written last, so that an installation that was cut off is taken up again.
$(VENV)/run.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(PIP) -e '.[dev]'
	@touch $@
