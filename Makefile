# make demo: set up, run the main job on bundled real data, show recommendations with reasons.   make test: the tests.
VENV   := .venv
PYTHON := $(VENV)/bin/python
UV     := $(VENV)/bin/uv
STAMP  := $(VENV)/.ready
DATA   := $(abspath ../shared/data)
# Real datasets for tests and benchmarks; without them such tests skip visibly.
export ZHIYIN_DATA ?= $(if $(wildcard $(DATA)/README.md),$(DATA),)
TORCH  := torch==2.13.0

.PHONY: help setup demo test test-slow check docs bench bench-quality bench-explanation bench-serving bench-faults lock clean

help:
	@sed -n '1p' Makefile; echo "targets: setup demo test test-slow check docs bench bench-quality bench-explanation bench-serving bench-faults lock clean"

setup: $(STAMP)

# torch stands outside the hashed lock: one machine takes a CPU build and another PyPI's own (docs/decisions/0003-lock.md)
$(STAMP): pyproject.toml requirements/lock.txt constraints.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(TORCH) uv==0.13.9
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --require-hashes --compile-bytecode -r requirements/lock.txt
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation -e .
	$(UV) pip check --python $(PYTHON)
	touch $(STAMP)

demo: setup
	$(PYTHON) -m zhiyin demo

# two test processes on two cores: one thread each
test test-slow: export OMP_NUM_THREADS = 1
test test-slow: export POLARS_MAX_THREADS = 1

test: setup
	$(PYTHON) -m pytest -m "not slow" -n 2 --dist loadfile -q

test-slow: setup
	$(PYTHON) -m pytest -m slow -q --timeout 1200

check: setup
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

docs: setup
	$(PYTHON) docs/reference.py
	$(PYTHON) docs/models.py
	$(VENV)/bin/mkdocs build --strict --quiet

bench: setup
	$(PYTHON) -m benchmarks

# one cell, CELL=amazon-beauty/last/SASRec/0, or all that are missing
bench-quality: setup
	$(PYTHON) -m benchmarks.quality $(CELL)

# how far each explainer is to be trusted
bench-explanation: setup
	$(PYTHON) -m benchmarks.explanation

# a running server under load; what it survives
bench-serving: setup
	$(PYTHON) -m benchmarks.serving

bench-faults: setup
	$(PYTHON) -m benchmarks.faults

# Resolve all extras at once: one by one, pip silently downgrades NumPy.
lock:
	$(UV) pip compile --python-version 3.11.7 $${PIP_FIND_LINKS:+--find-links $$PIP_FIND_LINKS} --no-emit-find-links \
	  -c constraints.txt --no-emit-package torch --generate-hashes --no-header pyproject.toml --all-extras -o requirements/lock.txt

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache zhiyin-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
