# Every target makes the virtual environment it needs, from pyproject.toml; nothing else has to be installed
# than Python 3.11 or newer and make.
#
#   make test PYTHON=python3.13 VENV=.venv313      another Python, in an environment of its own
#   make run ARGS="--executor serial"              more words for the command
#   make test ARGS="-m 'not cluster' -x"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
TORCH ?= torch
PYTHONS ?= python3.11 python3.12 python3.13 python3.14

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# All tests: those without clusters in as many processes as there are cores, those with clusters one after the other
LOCAL := -n auto --dist worksteal -m 'not cluster'
CONTRACTS := tests/test_layering.py tests/test_public_names.py tests/test_constraints.py

.DEFAULT_GOAL := help
.PHONY: run test test-lowest test-all check docs bench bench-rivals chaos clean help

run: $(VENV)/run.stamp ## train a classifier on real images, its gradient in parallel
	@$(BIN)/backprop train mnist $(ARGS)

test: $(VENV)/test.stamp ## run all tests, or those of ARGS
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest $(LOCAL)
	@$(BIN)/python -m pytest -m cluster
else
	@$(BIN)/python -m pytest $(ARGS)
endif

test-lowest: $(VENV)-lowest/test.stamp ## run them with the lowest versions that pyproject.toml admits
	@$(VENV)-lowest/bin/python -m pytest $(ARGS)

test-all: ## run them on each of PYTHONS that is installed, in an environment each
	@for python in $(PYTHONS); do \
		if $$python -c '' 2>/dev/null; then \
			echo "== $$python"; \
			$(MAKE) --no-print-directory test PYTHON=$$python VENV=$(VENV)-$${python##*/} || exit 1; \
		else \
			echo "== $$python is not installed"; \
		fi; \
	done

check: $(VENV)/dev.stamp ## style, format, types (two checkers), layers, public names, bounds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict backprop tests/typing
	$(BIN)/basedpyright --pythonpath $(BIN)/python backprop
	$(BIN)/basedpyright --pythonpath $(BIN)/python --project tests/typing/pyrightconfig.json
	$(BIN)/python -m pytest -q $(CONTRACTS)

docs: $(VENV)-docs/docs.stamp ## build the site and the tutorial as PDF, in docs/_build
	@$(VENV)-docs/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@$(VENV)-docs/bin/python docs/print_tutorial.py docs/_build/html

bench: $(VENV)/run.stamp ## time everything beside its target; ARGS="mnist --quick" for a part
	@$(BIN)/python -m benchmarks --out benchmarks/results $(ARGS)

bench-rivals: $(VENV)/rivals.stamp ## the same beside autograd, JAX and PyTorch
	@$(BIN)/python -m benchmarks --rivals --out benchmarks/results $(ARGS)

chaos: $(VENV)/dev.stamp ## 10,000 calls of each kind in bounded memory; thousands of random programs, wrong and right; plans and clusters with faults anywhere; a service whose parts are killed
	@$(BIN)/python -m pytest -s --hypothesis-profile=deep -o faulthandler_timeout=0 tests/test_soak.py tests/test_wrong_programs.py tests/test_random_derivatives.py tests/scheduler/executors/cluster/test_campaigns.py tests/scheduler/executors/test_random_faults.py tests/scheduler/executors/test_endings.py tests/service/test_chaos.py $(ARGS)

clean: ## remove the environment and all caches
	rm -rf $(VENV) $(VENV)-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

# A stamp is written last, so that an installation that was cut off is taken up again.
$(VENV)/run.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[service]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(PIP) -e '.[test]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/test.stamp
	$(PIP) -e '.[dev]'
	@touch $@

$(VENV)-lowest/test.stamp: pyproject.toml constraints/lowest.txt
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip --disable-pip-version-check install --quiet -c constraints/lowest.txt -e '.[test]'
	@touch $@

$(VENV)-docs/docs.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip --disable-pip-version-check install --quiet -e '.[docs]'
	@touch $@

$(VENV)/rivals.stamp: $(VENV)/run.stamp
	$(PIP) -e '.[rivals]'
	$(PIP) $(TORCH)
	@touch $@
