# make reproduce    the whole study, from nothing but Python ≥ 3.11
# make test         every check
# make help         the rest

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # with it, each of a study's processes would compile every module anew

# The first Python that is new enough; give another by PYTHON=/path/to/python.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
CORES ?= all
CONFIG ?= configs/default.yaml

BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help reproduce domains report publish redraw rulegraph test test-slurm test-gpu lint bench lock audit clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo "Variables: CONFIG=configs/<file>  CORES=all  PYTHON=python3"

reproduce: $(INSTALLED) ## Run the study of CONFIG (default: configs/default.yaml) into results/<study>/.
	@$(BIN)/gqvae check-config "$(CONFIG)" > /dev/null
	$(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)

domains: $(INSTALLED) ## Run configs/domains/ and compare with stories-1024 (run that first), into results/across/.
	@test -f results/stories-1024/provenance.json || { echo "There is no results/stories-1024/provenance.json:" \
		"run make reproduce CONFIG=configs/stories-1024.yaml first." >&2; exit 1; }
	for config in configs/domains/*.yaml; do $(BIN)/snakemake --cores $(CORES) --configfile $$config; done
	$(BIN)/gqvae across --out results/across --results results/stories-1024 \
		$$(for config in configs/domains/*.yaml; do echo results/$$($(BIN)/gqvae check-config $$config); done)

report: $(INSTALLED) ## Build results/<study>/report.zip from what has been computed.
	$(BIN)/snakemake --configfile $(CONFIG) --report results/$$($(BIN)/gqvae check-config $(CONFIG))/report.zip

publish: $(INSTALLED) ## Copy claims, tables, figures, summary and provenance of CONFIG's study to results/published/<study>/.
	study=$$($(BIN)/gqvae check-config $(CONFIG)); from=results/$$study; to=results/published/$$study; \
	test -f $$from/summary.md || { echo "There is no $$from/summary.md: run make reproduce CONFIG=$(CONFIG) first." >&2; exit 1; }; \
	rm -rf $$to.new; mkdir -p $$to.new/figures; \
	cp -r $$from/{claims.csv,tables,summary.md,provenance.json} $$to.new/; cp $$from/figures/*.{png,csv} $$to.new/figures/; \
	for network in $$from/networks/*/network.json; do test ! -f $$network || { mkdir -p $$to.new/networks; \
		cp $$network $$to.new/networks/$$(basename $${network%/*}).json; }; done; \
	rm -rf $$to; mv $$to.new $$to

redraw: $(INSTALLED) ## Draw the figures of results/published/ again from the tables beside them.
	$(BIN)/gqvae redraw

rulegraph: $(INSTALLED) ## Draw docs/rulegraph.svg again after a rule was added or removed (needs graphviz).
	mkdir -p build
	$(BIN)/snakemake --rulegraph --configfile configs/smoke.yaml | $(BIN)/python scripts/rulegraph.py | tred | dot -Tsvg > build/rulegraph.svg
	mv build/rulegraph.svg docs/rulegraph.svg

lint: $(INSTALLED) ## Formatting, types, workflow lint, generated documentation: seconds.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PATH="$(CURDIR)/$(BIN):$$PATH" snakefmt --check Snakefile workflow # it looks for shfmt there
	$(BIN)/snakemake --lint
	$(BIN)/gqvae config-docs --check
	$(BIN)/gqvae results-docs --check
	$(BIN)/mypy

test: lint ## All checks, the smoke study and its report.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slurm: $(INSTALLED) ## Test the SLURM profile on a one-node cluster that it starts (needs root, slurm-wlm, munge).
	$(BIN)/python -m pip install --quiet 'snakemake-executor-plugin-slurm>=2,<3'
	$(BIN)/python -m pytest tests/slurm

test-gpu: $(INSTALLED) ## Run the checks that need a CUDA device.
	$(BIN)/python -m pytest tests/gpu

# Run by hand: training_throughput.py, scaling.py with scaling_report.py (an hour), load.py (an hour), utilization.py (a GPU),
# trained_by_command.py. The first of TOKENIZERS must be a learned one.
bench: $(INSTALLED) ## Table of ratios to other libraries, then memory of streaming 1 GB (TEXT=file TOKENIZERS='folders'): 15 minutes.
	$(BIN)/python benchmarks/encoding.py $(if $(TEXT),--text $(TEXT)) $(if $(TOKENIZERS),--tokenizers $(TOKENIZERS)) --csv build/bench/encoding.csv
	$(BIN)/python benchmarks/streaming.py $(if $(TOKENIZERS),--tokenizer $(firstword $(TOKENIZERS))) --encoders distilled \
		--new-words 50 --csv build/bench/streaming.csv

# After an update the stamp is older than the lock file, so make updates the environment.
$(INSTALLED): requirements.lock requirements-torch.lock pyproject.toml
	@if [ -z "$(PYTHON)" ] || ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python." >&2; exit 1; fi
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --requirement requirements-torch.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

# Without torch and the CUDA libraries that torch itself pins: see requirements-torch.lock.
lock: ## Write requirements.lock anew from the ranges in pyproject.toml, with the digests of every package's files.
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet uv
	build/lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --constraint requirements-torch.lock \
		--generate-hashes --no-annotate --no-header --quiet --output-file build/lock/all
	( head -n 1 requirements.lock; \
		awk '/^[a-z]/ { kept = !/^(torch|triton|(nvidia|cuda)-[a-z0-9-]+)==/ } kept' build/lock/all ) > build/requirements.lock
	mv build/requirements.lock requirements.lock

audit: ## Known vulnerabilities of the pinned packages, from pypi.org; fails if a package cannot be looked up.
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet pip-audit
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock
	build/audit/bin/pip-audit --strict --disable-pip --no-deps --requirement requirements-torch.lock

clean: ## Remove the environment and caches; results stay.
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
