# make reproduce    the whole study, from nothing but Python ≥ 3.11
# make test         every check
# make help         the rest

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python that is new enough; give another by PYTHON=/path/to/python.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
CORES ?= all
CONFIG ?= configs/default.yaml

BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help reproduce domains report publish test lint bench lock clean

help: ## Show this list.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo "Variables: CONFIG=configs/<file>  CORES=all  PYTHON=python3"

reproduce: $(INSTALLED) ## Run the study of CONFIG (default: configs/default.yaml) into results/<study>/.
	@$(BIN)/gqvae check-config "$(CONFIG)" > /dev/null
	$(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)

domains: $(INSTALLED) ## The studies of configs/domains/ beside tinystories-sample (which must be there), into results/across/.
	@test -f results/tinystories-sample/provenance.json || { echo "There is no results/tinystories-sample/provenance.json:" \
		"run make reproduce CONFIG=configs/tinystories-sample.yaml first." >&2; exit 1; }
	for config in configs/domains/*.yaml; do $(BIN)/snakemake --cores $(CORES) --configfile $$config; done
	$(BIN)/gqvae across --results results/{tinystories-sample,wikitext2,shakespeare,python-stdlib} --out results/across

report: $(INSTALLED) ## Build results/<study>/report.zip from what has been computed.
	$(BIN)/snakemake --configfile $(CONFIG) --report results/$$($(BIN)/gqvae check-config $(CONFIG))/report.zip

publish: $(INSTALLED) ## Copy tables, figures, summary and provenance of CONFIG's study to results/published/<study>/.
	study=$$($(BIN)/gqvae check-config $(CONFIG)); from=results/$$study; to=results/published/$$study; \
	test -f $$from/summary.md || { echo "There is no $$from/summary.md: run make reproduce CONFIG=$(CONFIG) first." >&2; exit 1; }; \
	rm -rf $$to.new; mkdir -p $$to.new/figures; \
	cp -r $$from/{claims.csv,tables,summary.md,provenance.json} $$to.new/; cp $$from/figures/*.{png,csv} $$to.new/figures/; \
	rm -rf $$to; mv $$to.new $$to

lint: $(INSTALLED) ## Formatting, types, workflow lint, generated documentation: seconds.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PATH="$(CURDIR)/$(BIN):$$PATH" snakefmt --check Snakefile workflow # it looks for shfmt there
	$(BIN)/snakemake --lint
	$(BIN)/gqvae config-docs --check
	$(BIN)/mypy

test: lint ## All checks, the smoke study and its report.
	$(BIN)/python -m pytest

bench: $(INSTALLED) ## Run every script in benchmarks/.
	@shopt -s nullglob; scripts=(benchmarks/*.py); \
	if [ $${#scripts[@]} -eq 0 ]; then echo "There are no benchmarks."; fi; \
	for script in "$${scripts[@]}"; do echo "$$script"; $(BIN)/python "$$script"; done

# The stamp is older than the lock file after an update: then the environment follows.
$(INSTALLED): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ] || ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python." >&2; exit 1; fi
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

lock: ## Write requirements.lock anew from the ranges in pyproject.toml.
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade-strategy eager ".[dev]"
	( head -n 1 requirements.lock; build/lock/bin/python -m pip freeze --exclude gqvae \
		| sed -E 's/\+(cpu|cu[0-9]+)$$//; /^(nvidia-|triton==|cuda-)/d' | LC_ALL=C sort -f ) > build/requirements.lock
	mv build/requirements.lock requirements.lock

clean: ## Remove the environment and caches; results stay.
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
