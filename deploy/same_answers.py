"""Start a server, ask it what we ask our own model, compare word by word, and end it.

    python deploy/same_answers.py --model data/checkpoints/instruct --name "$PWD/runs/hf" \\
        --port 8000 -- deploy/serve.sh transformers runs/hf 8000

What follows ``--`` is the server's command. All is greedy. Ends with 1 if an answer differs.
Without a command it prints what should come, a JSON object a line, for ``llama_cpp.mjs``.
"""

import argparse
import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import torch

from moe_lesson.checkpoints.folder import load
from moe_lesson.corpus.tasks.build import held_out_tasks
from moe_lesson.inference.generate import stream
from moe_lesson.text.chat import chat_ids, render
from moe_lesson.text.tokenizer import END, text_ids

PROMPTS = [
    "One day, a baker",
    "Un jour,",
    "Eines Tages fand",
    "Un giorno",
    "Un día",
    "def half(n):",
]
CHATS, TOKENS, PATIENCE = 10, 40, 1800  # conversations, tokens of an answer, seconds


def post(url, body):
    """Send JSON; return what comes back: an object, or the objects of a stream."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        text = answer.read().decode()
    if not body.get("stream"):
        return json.loads(text)
    lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.strip()]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def wait(server, url):
    """Wait until the server answers anything at all."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"no answer from {url} in {PATIENCE} s")


def asked(words):
    """Yield (path, what to send, the ids that our own model gets)."""
    for prompt in PROMPTS:
        yield "completions", {"prompt": prompt}, text_ids(words, prompt)
    tasks = [task for task in held_out_tasks(2 * CHATS) if len(task.messages) == 1]
    for task in tasks[:CHATS]:
        yield "chat/completions", {"messages": task.messages}, chat_ids(words, task.messages).ids
    streamed = tasks[0].messages
    yield "chat/completions", {"messages": streamed, "stream": True}, chat_ids(words, streamed).ids


def said(answer):
    """Return the text of an answer, or of all pieces of a streamed one."""
    if isinstance(answer, dict):
        (choice,) = answer["choices"]
        return choice["text"] if "text" in choice else choice["message"]["content"]
    deltas = [one["choices"][0]["delta"] for one in answer if one["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def expected(folder):
    """Yield (path, what to send, ids of the prompt, ids that follow, the text of these)."""
    model, words = load(folder, dtype=torch.float32)
    for path, body, ids in asked(words):
        new = [token.id_B.item() for token in stream(model, [ids], TOKENS)]
        yield path, body, ids, new, words.decode([index for index in new if index != END])


def compare(url, name, folder):
    """Ask everything; print each answer, and where two differ both; return how many do."""
    wrong = 0
    for path, body, _, _, ours in expected(folder):
        body |= {"model": name, "max_tokens": TOKENS, "temperature": 0}
        theirs = said(post(f"{url}/v1/{path}", body))
        wrong += theirs != ours
        print("same  " if theirs == ours else "OTHER ", path, repr(ours)[:60], flush=True)
        if theirs != ours:
            print("       theirs:", repr(theirs))
            print("       ours:  ", repr(ours))
    return wrong


def compare_with(command, port, name, folder):
    """Start a server, compare, and see that it ends; return how many answers differ."""
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(command)
    try:
        wait(server, f"{url}/v1/models")
        return compare(url, name, folder)
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def main():
    """Read the options; compare, or print what should come."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="our own folder of the model")
    parser.add_argument("--name", help="what the server calls it")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("command", nargs="*", help="after --: what starts the server")
    args = parser.parse_args()
    if not args.command:
        for _, body, ids, new, _ in expected(args.model):
            text = body.get("prompt") or render(body["messages"])
            print(json.dumps({"text": text, "ids": ids, "new": new}))
        return
    wrong = compare_with(args.command, args.port, args.name, args.model)
    print(f"{wrong} answers differ")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
