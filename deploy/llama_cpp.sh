#!/usr/bin/env bash
# llama.cpp: sets up .venv-llama (0.7 GB; needs Node 20), writes a GGUF file, and compares how
# llama.cpp cuts and continues texts with what we do, token by token.
#   deploy/llama_cpp.sh [FOLDER]
# node-llama-cpp brings llama.cpp compiled; llama-cpp-python compiles it for ten minutes. Either
# opens the file, and so does llama.cpp's own llama-server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
model=${1:-data/checkpoints/instruct}
ours=${PYTHON:-.venv/bin/python}
env=.venv-llama

if [[ ! -e $env/.ok ]]; then
    mkdir -p "$env"
    npm install --prefix "$env" --ignore-scripts --no-audit --no-fund node-llama-cpp@3.22.1
    touch "$env/.ok"
fi
"$ours" -m moe_lesson export --model "$model" --out runs/gguf --gguf --overwrite
"$ours" deploy/same_answers.py --model "$model" >"$env/expected.jsonl"
cp deploy/llama_cpp.mjs "$env/" # Node looks for libraries beside the program
node "$env/llama_cpp.mjs" runs/gguf/model.gguf "$env/expected.jsonl"
