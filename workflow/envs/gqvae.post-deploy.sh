#!/usr/bin/env bash
# Snakemake runs this in the working folder, the root of the repository, with the new environment activated.
set -euo pipefail
python -m pip install --no-deps --editable .
