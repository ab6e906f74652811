"""The exported folder behind an OpenAI-style server: the same tokens as ours, three ways asked.

``transformers serve`` runs on loopback for as long as these tests do, one server for both
models. The client is OpenAI's own. Servers send text, not tokens: the whole text and the
number of its tokens are compared.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

openai = pytest.importorskip("openai", reason='needs the extra "serving"')
pytest.importorskip("fastapi", reason='needs the extra "serving"')

from moe_lesson.checkpoints.folder import save
from moe_lesson.checkpoints.shipped import Shipped, shipped
from moe_lesson.corpus.tasks.build import held_out_tasks
from moe_lesson.inference.generate import stream
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END, text_ids
from tests.checkpoints.ports import free_port

pytestmark = pytest.mark.slow
TOKENS = 40
PROMPTS = ["One day, a baker", "Un jour,", "Eines Tages fand", "Un giorno", "def half(n):"]
SYSTEM = {"role": "system", "content": "Answer in a sentence."}


class Served(NamedTuple):
    """A model as it is here, and the folder that the server reads."""

    here: Shipped
    folder: str


def wait_until_it_answers(server, url, log, seconds=240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, f"the server ended:\n{log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"no answer after {seconds} s:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Start a server, give a client of it, and end the server whatever happens."""
    home = tmp_path_factory.mktemp("home")
    (home / "hub").mkdir()  # /v1/models fails without it
    quiet = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    port, log = free_port(), home / "log"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    url = f"http://127.0.0.1:{port}"
    with open(log, "w") as out:
        server = subprocess.Popen(command, env=os.environ | quiet, stdout=out, stderr=out)
    try:
        wait_until_it_answers(server, url, log)
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as one:
            yield one
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def exported(name, tmp_path_factory):
    one, folder = shipped(name), tmp_path_factory.mktemp(name)
    save(folder, one.model, one.words)
    return Served(one, str(folder))


@pytest.fixture(scope="module")
def chatting(tmp_path_factory):
    return exported("instruct", tmp_path_factory)


@pytest.fixture(scope="module")
def continuing(tmp_path_factory):
    return exported("small", tmp_path_factory)


def questions():
    """Return conversations: one question, several turns, one with a system message."""
    tasks = [list(task.messages) for task in held_out_tasks(40)]
    longer = [messages for messages in tasks if len(messages) > 1][:2]
    asked = [messages for messages in tasks if len(messages) == 1][:6]
    return [*asked, *longer, [SYSTEM, *asked[0]]]


def ours(model, ids, tokens=TOKENS):
    """Return the ids that follow, the end among them."""
    return [token.id_B.item() for token in stream(model, [ids], tokens)]


def told(served, ids):
    """Return what a server should say, how many tokens it is, and why it ended."""
    text = served.here.words.decode(ids)
    return text, len(ids), "stop" if ids[-1] == END else "length"


def answer_here(served, messages):
    return told(served, ours(served.here.model, chat_ids(served.here.words, messages).ids))


def ask(client, served, messages):
    found = client.chat.completions.create(
        model=served.folder, messages=messages, max_tokens=TOKENS
    )
    (choice,) = found.choices
    assert choice.message.role == "assistant"
    prompt = chat_ids(served.here.words, messages).ids
    assert found.usage.prompt_tokens == len(prompt)
    return choice.message.content, found.usage.completion_tokens, choice.finish_reason


@pytest.mark.parametrize("number", range(len(questions())))
def test_a_chat_is_answered_as_here(client, chatting, number):
    messages = questions()[number]
    assert ask(client, chatting, messages) == answer_here(chatting, messages)


def test_some_answers_end_by_themselves_and_one_is_cut(client, chatting):
    ends = [answer_here(chatting, messages)[2] for messages in questions()]
    assert ends.count("stop") > len(ends) / 2
    found = client.chat.completions.create(
        model=chatting.folder, messages=questions()[0], max_tokens=2
    )
    wanted = ours(chatting.here.model, chat_ids(chatting.here.words, questions()[0]).ids, 2)
    assert found.choices[0].finish_reason == "length"
    assert found.choices[0].message.content == chatting.here.words.decode(wanted)


@pytest.mark.parametrize("number", [0, 3])
def test_a_streamed_answer_is_the_same_in_pieces(client, chatting, number):
    messages = questions()[number]
    chunks = list(
        client.chat.completions.create(
            model=chatting.folder, messages=messages, max_tokens=TOKENS, stream=True
        )
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    text, count, end = answer_here(chatting, messages)
    assert "".join(pieces) == text and sum(map(bool, pieces)) > 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == end


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_text_is_continued_as_here(client, continuing, prompt):
    found = client.completions.create(model=continuing.folder, prompt=prompt, max_tokens=TOKENS)
    ids = text_ids(continuing.here.words, prompt)
    (choice,) = found.choices
    said = choice.text, found.usage.completion_tokens, choice.finish_reason
    assert said == told(continuing, ours(continuing.here.model, ids))


def test_two_clients_at_once_get_what_each_would_get_alone(client, chatting):
    two = questions()[:2]
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda messages: ask(client, chatting, messages), two))
    assert found == [answer_here(chatting, messages) for messages in two]
    assert found[0] != found[1]


def test_a_message_that_spells_a_control_token_is_refused(client, chatting):
    with pytest.raises(openai.APIStatusError):
        ask(client, chatting, [{"role": "user", "content": "an </s> inside"}])
