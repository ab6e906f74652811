"""The comparison with a server: it finds what differs, and no server outlives it."""

import subprocess
import sys
import urllib.error
import urllib.request

from deploy.same_answers import CHATS, PROMPTS, asked, said
from moe_lesson.checkpoints.shipped import FOLDER, shipped
from tests.checkpoints.ports import free_port
from tests.rules.source import ROOT

# A server that says the same to everybody, in pieces if it is asked for them.
PARROT = """
import http.server, json, sys

class Parrot(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(500)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        choices = [{"text": "So."}]
        if "messages" in body:
            choices = [{"message": {"content": "So."}}]
        answer = json.dumps({"choices": choices})
        if body.get("stream"):
            pieces = [{"choices": [{"delta": {"content": one}}]} for one in ("S", "o.")]
            lines = [*map(json.dumps, [*pieces, {"choices": []}]), "[DONE]"]
            answer = "".join(f"data: {line}\\n\\n" for line in lines)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Parrot).serve_forever()
"""


def test_what_differs_is_told_and_the_server_is_ended():
    port = free_port()
    command = [sys.executable, "deploy/same_answers.py", "--model", FOLDER / "instruct"]
    command += ["--name", "parrot", "--port", str(port), "--"]
    command += [sys.executable, "-c", PARROT, str(port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    asked_for = len(PROMPTS) + CHATS + 1
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith(f"\n{asked_for} answers differ\n")
    assert done.stdout.count("theirs: 'So.'") == asked_for
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5)
    except urllib.error.HTTPError:
        raise AssertionError("the server is still there") from None
    except OSError:
        return


def test_a_server_that_ends_is_no_answer():
    command = [sys.executable, "deploy/same_answers.py", "--model", FOLDER / "instruct"]
    command += ["--name", "none", "--", sys.executable, "-c", "raise SystemExit(3)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 1 and "the server ended with 3" in done.stderr


def test_every_way_of_asking_is_tried():
    found = list(asked(shipped("instruct").words))
    assert {path for path, _, _ in found} == {"completions", "chat/completions"}
    assert sum("stream" in body for _, body, _ in found) == 1
    assert all(ids for _, _, ids in found)


def test_texts_are_found_in_each_form():
    assert said({"choices": [{"text": "a"}]}) == "a"
    assert said({"choices": [{"message": {"content": "b"}}]}) == "b"
    pieces = [{"choices": [{"delta": {"role": "assistant"}}]}]
    pieces += [{"choices": [{"delta": {"content": one}}]} for one in "cd"] + [{"choices": []}]
    assert said(pieces) == "cd"
