# make demo   fit a real table and look at the result
# make test   run the tests, on all cores (python -m pytest runs them on one)
# make test-arithmetic   all of them again and again as other processors round, with one thread and two (docs/testing.md)
# make lint   style and types        make bench   speed, as ratios in one run
# make dist   wheel and sdist, checked
# make site   the documentation, into build/site/index.html; its notebooks are executed
#
# TORCH_INDEX is where to take PyTorch from. On Linux the default is the package index's build with CUDA,
# several gigabytes; for the small one without it:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)

.PHONY: demo test test-arithmetic slow lint site dist bench clean

demo: $(VENV)/.installed
	$(BIN)/dag-gfn fit --example wine --method gflownet --time-budget 120 --out wine-posterior --overwrite

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist worksteal

test-arithmetic: $(VENV)/.installed-test
	$(BIN)/python tests/arithmetic.py

slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

site: $(VENV)/.installed-docs
	rm -rf build/site docs/reference/generated
	$(BIN)/python -m sphinx -E -W --keep-going -q -j auto -b html docs build/site

dist: $(VENV)/.installed-release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

bench: $(VENV)/.installed-test
	$(BIN)/python -m pytest benchmarks -o python_files='bench_*.py' --benchmark-only
	$(BIN)/python benchmarks/bench_environment.py

clean:
	rm -rf $(VENV) wine-posterior wine-posterior.partial

$(VENV)/.torch: constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "dag_gfn needs Python 3.11 or newer: make PYTHON=python3.11"'
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(BIN)/pip install --index-url $(TORCH_INDEX) $(TORCH))
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.torch pyproject.toml
	$(BIN)/pip install --quiet -c constraints.txt -e '.[test]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.installed-test
	$(BIN)/pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

$(VENV)/.installed-release: $(VENV)/.torch pyproject.toml
	$(BIN)/pip install --quiet -c constraints.txt -e '.[release]'
	touch $@
