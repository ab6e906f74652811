#!/usr/bin/env bash
# torch for the CPU first, a tenth of the CUDA build; then what `make lab` needs, once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python3 -m venv .venv
.venv/bin/python -m pip install --no-compile -c constraints.txt torch \
    --index-url https://download.pytorch.org/whl/cpu
make .venv/.ok
