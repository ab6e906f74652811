"""The server: the wire format, faulty requests, and two clients at once."""

import json
import re
import socket
import threading

import pytest
import torch

from moe_lesson.inference.generate import stream_answer
from moe_lesson.inference.sampling import Sampling
from moe_lesson.lessons.lesson13 import client, server
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.tokenizer import train_tokenizer

ASKED = [{"role": "user", "content": "who is there"}]


@pytest.fixture(scope="module")
def serving():
    words = train_tokenizer(["[INST] who is there [/INST] où es-tu ☃ ☃"] * 9, 320)
    torch.manual_seed(3)
    model = Mixtral(TINY).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4)
    return server.Serving(model, words, "tiny")


@pytest.fixture(scope="module")
def url(serving):
    with server.running(serving) as url:
        yield url


def whole(url, body):
    ((_, line),) = client.lines(url, body)
    return json.loads(line)


def said(serving, **sampling):
    how = Sampling(**sampling) if sampling else None
    return "".join(stream_answer(serving.model, serving.words, ASKED, 20, how))


def test_a_whole_answer_has_the_form_of_the_wire(serving, url):
    told = whole(url, {"messages": ASKED, "max_tokens": 20})
    assert set(told) == {"id", "object", "created", "model", "choices", "usage"}
    assert told["object"] == "chat.completion" and told["model"] == "tiny"
    (choice,) = told["choices"]
    assert choice["index"] == 0 and choice["finish_reason"] in ("stop", "length")
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"].rstrip("\ufffd") == said(serving).rstrip("\ufffd")
    usage = told["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_has_the_form_of_the_wire(serving, url):
    body = {"messages": ASKED, "max_tokens": 20, "stream": True}
    received = [line for _, line in client.lines(url, body)]
    assert received[-1] == "data: [DONE]" and all(line.startswith("data: ") for line in received)
    chunks = [json.loads(line[6:]) for line in received[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    deltas = [chunk["choices"][0] for chunk in chunks]
    assert deltas[0]["delta"] == {"role": "assistant", "content": ""}
    assert [one["finish_reason"] for one in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert deltas[-1]["delta"] == {} and deltas[-1]["finish_reason"] == "length"
    text = client.text_of([(0.0, line) for line in received])
    assert text == said(serving).rstrip("\ufffd")


def test_usage_comes_last_with_no_choices(url):
    body = {"messages": ASKED, "max_tokens": 5, "stream": True}
    *_, last, done = client.lines(url, body | {"stream_options": {"include_usage": True}})
    told = json.loads(last[1][6:])
    assert told["choices"] == [] and told["usage"]["completion_tokens"] == 5
    assert done[1] == "data: [DONE]"


def test_why_it_ended():
    pieces = [("Me", False), (".", True)]
    answers = (server.Answer("tiny", 1, 5, iter(part)) for part in (pieces, pieces[:1]))
    reasons = [server.whole(one)["choices"][0]["finish_reason"] for one in answers]
    assert reasons == ["stop", "length"]


def test_heat_and_seed_reach_the_model(serving, url):
    body = {"messages": ASKED, "max_tokens": 20, "temperature": 1.5, "seed": 4}
    content = whole(url, body)["choices"][0]["message"]["content"]
    assert content.rstrip("\ufffd") == said(serving, temperature=1.5, seed=4).rstrip("\ufffd")
    assert content != whole(url, body | {"seed": 5})["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    "body, part",
    [
        ({}, "messages"),
        ([], "get"),
        ({"messages": []}, "0 messages"),
        ({"messages": ASKED, "model": "huge"}, "model is 'huge': here is 'tiny'"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "Me."}]}, "nothing to answer"),
        ({"messages": ASKED, "max_tokens": 0}, "both must be 1 or more"),
        ({"messages": ASKED, "temperature": -1}, "temperature is -1"),
        ({"messages": ASKED, "temperature": "hot"}, "temperature is 'hot': it must be a number"),
        ({"messages": ASKED, "max_tokens": 2.5}, "max_tokens is 2.5: it must be a whole number"),
        ({"messages": ASKED, "max_tokens": True}, "max_tokens is True: it must be a whole number"),
        ({"messages": ASKED, "seed": "a"}, "seed is 'a': it must be a whole number"),
        ({"messages": ASKED, "stream": 1}, "stream is 1: it must be true or false"),
        ({"messages": ASKED, "stream_options": 3}, "stream_options is 3: it must be an object"),
    ],
)
def test_a_faulty_request_is_answered_with_the_reason(url, body, part):
    assert part in whole(url, body)["error"]["message"]


def test_null_is_as_good_as_nothing(url):
    nothing = dict.fromkeys(server.WISHES)
    few = {"messages": ASKED, "max_tokens": 5, "temperature": 1.0}
    told = [whole(url, few | more)["choices"][0]["message"] for more in ({}, {"seed": None})]
    assert told[0] == told[1]
    assert whole(url, {"messages": ASKED} | nothing)["usage"]["completion_tokens"] > 5


def test_no_proxy_is_asked(url, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert whole(url, {"messages": ASKED, "max_tokens": 2})["choices"]


def test_another_path_and_a_huge_request_are_refused(url, monkeypatch):
    assert (
        "path is /v1/other"
        in whole(url.replace("chat/completions", "other"), {})["error"]["message"]
    )
    monkeypatch.setattr(server, "LARGEST", 10)
    assert "allowed are 1 to 10" in whole(url, {"messages": ASKED})["error"]["message"]


def test_two_clients_at_once_get_what_each_gets_alone(serving, url):
    bodies = [{"messages": ASKED, "max_tokens": n, "stream": True} for n in (15, 20)]
    alone = [client.text_of(list(client.lines(url, body))) for body in bodies]
    together = client.at_once(url, bodies)
    assert [client.text_of(one) for one in together] == alone


def test_nothing_is_left_behind(serving):
    before = set(threading.enumerate())
    with server.running(serving) as url:
        whole(url, {"messages": ASKED, "max_tokens": 2})
    port = int(re.search(r":(\d+)/", url)[1])
    assert set(threading.enumerate()) <= before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
