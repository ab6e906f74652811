"""A chat server in Python's own library: the wire format of OpenAI's API before our decoder."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import NamedTuple

from moe_lesson.inference.generate import check_prompts, stream
from moe_lesson.inference.sampling import Sampling
from moe_lesson.text.chat import chat_ids
from moe_lesson.text.tokenizer import END

PATH = "/v1/chat/completions"
LARGEST = 100_000  # bytes of a request
# What a request may say, of which kind, and what holds if it does not.
WISHES = {"max_tokens": (int, 60), "temperature": ((int, float), 0.0), "seed": (int, 0)}
WISHES |= {"stream": (bool, False), "stream_options": (dict, {})}
NUMBERS = count(1)


class Serving(NamedTuple):
    """Hold what a server serves.

    >>> Serving(None, None, "tiny").name
    'tiny'

    Lesson 13.
    """

    model: object
    words: object
    name: str


class Answer(NamedTuple):
    """Hold one answer on its way: what it began with, and its pieces as they come.

    >>> Answer("tiny", 1, 5, iter([("Me.", True)])).name
    'tiny'

    Lesson 13.
    """

    name: str
    number: int
    asked: int  # tokens of the prompt
    pieces: object  # yields (text of one more token, whether it was the last that comes)


def wishes(body):
    """Read what a request may leave open; null means the same as nothing.

    Raises:
        ValueError: a value is of another kind.

    >>> wishes({"seed": 4, "max_tokens": None})["max_tokens"], wishes({"seed": 4})["seed"]
    (60, 4)

    Lesson 13.
    """
    found = {}
    for name, (kind, usual) in WISHES.items():
        value = found[name] = usual if body.get(name) is None else body[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            wanted = {int: "a whole number", bool: "true or false", dict: "an object"}
            raise ValueError(f"{name} is {value!r}: it must be {wanted.get(kind, 'a number')}")
    return found


def begin(serving, body):
    """Read a request and begin to answer it.

    Args:
        body: messages, and if wished max_tokens, temperature, seed.

    Returns:
        An Answer.

    Raises:
        ValueError: the request is not one that can be answered.

    >>> begin(Serving(None, None, "tiny"), {"messages": [], "model": "huge"})
    Traceback (most recent call last):
    ValueError: model is 'huge': here is 'tiny'

    Lesson 13.
    """
    if body.get("model", serving.name) != serving.name:
        raise ValueError(f"model is {body['model']!r}: here is {serving.name!r}")
    wish = wishes(body)
    ids, is_answer = chat_ids(serving.words, body.get("messages"))
    if is_answer[-1]:
        raise ValueError("the last message is of 'assistant': there is nothing to answer")
    sampling = Sampling(wish["temperature"], seed=wish["seed"])
    limit = min(wish["max_tokens"], serving.model.config.context_len + 1 - len(ids))
    check_prompts(serving.model.config, [ids], limit)
    steps = stream(serving.model, [ids], limit, sampling)
    return Answer(serving.name, next(NUMBERS), len(ids), _pieces(serving.words, steps))


def _pieces(words, steps):
    """Yield the text that each token adds, and whether the model ended; half a character waits."""
    told, shown = [], ""
    for token in steps:
        told.append(token.id_B.item())
        text = words.decode(told).removeprefix(" ")
        whole = "" if text.endswith("\ufffd") else text[len(shown) :]
        shown += whole
        yield whole, told[-1] == END


def reply(answer, kind, **choice):
    """Build one object of the wire format, a whole answer or a chunk of a stream.

    Args:
        kind: "chat.completion" or "chat.completion.chunk".
        choice: what the one choice holds, ``message`` or ``delta``, and ``finish_reason``.

    >>> whole = reply(Answer("tiny", 7, 1, ()), "chat.completion.chunk", delta={"content": "Me"})
    >>> whole["choices"]
    [{'index': 0, 'delta': {'content': 'Me'}, 'finish_reason': None}]

    Lesson 13.
    """
    about = {"id": f"chatcmpl-{answer.number}", "object": kind, "created": int(time.time())}
    choices = [{"index": 0} | choice | {"finish_reason": choice.get("finish_reason")}]
    return about | {"model": answer.name, "choices": choices}


def usage(asked, made):
    """Count the tokens of a request and its answer, as the wire format names them.

    >>> usage(5, 2)["total_tokens"]
    7

    Lesson 13.
    """
    return {"prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made}


def whole(answer):
    """Wait for an answer and build the one object that says it.

    >>> whole(Answer("tiny", 1, 5, iter([("Me", False), (".", True)])))["usage"]["total_tokens"]
    7

    Lesson 13.
    """
    pieces = list(answer.pieces)
    message = {"role": "assistant", "content": "".join(text for text, _ in pieces)}
    reason = "stop" if pieces[-1][1] else "length"
    said = reply(answer, "chat.completion", message=message, finish_reason=reason)
    return said | {"usage": usage(answer.asked, len(pieces))}


def events(answer, with_usage=False):
    """Write a stream: the role, each piece, why it ended, the tokens if wished, [DONE].

    Yields:
        Lines ``data: ...``; an empty line belongs behind each.

    >>> lines = list(events(Answer("tiny", 1, 5, iter([("Me.", True)]))))
    >>> len(lines), lines[-1]
    (4, 'data: [DONE]')

    Lesson 13.
    """

    def line(**choice):
        return "data: " + json.dumps(reply(answer, "chat.completion.chunk", **choice))

    yield line(delta={"role": "assistant", "content": ""})
    made, ended = 0, False
    for text, ended in answer.pieces:  # noqa: B007  the last one says why it ended
        made += 1
        if text:
            yield line(delta={"content": text})
    yield line(delta={}, finish_reason="stop" if ended else "length")
    if with_usage:
        last = reply(answer, "chat.completion.chunk") | {"choices": []}
        yield "data: " + json.dumps(last | {"usage": usage(answer.asked, made)})
    yield "data: [DONE]"


class Handler(BaseHTTPRequestHandler):
    """Answer one client; each has a thread of its own.

    >>> Handler.protocol_version  # the connection closes behind an answer
    'HTTP/1.0'

    Lesson 13.
    """

    def do_POST(self):
        """Answer a chat, in one piece or as a stream."""
        try:
            if self.path != PATH:
                raise ValueError(f"path is {self.path}: here is {PATH}")
            size = int(self.headers.get("Content-Length", 0))
            if not 0 < size <= LARGEST:
                raise ValueError(f"the request has {size} bytes: allowed are 1 to {LARGEST}")
            body = json.loads(self.rfile.read(size))
            answer, wish = begin(self.server.serving, body), wishes(body)
        except (ValueError, TypeError, AttributeError) as error:
            return self._send(400, {"error": {"message": str(error)}})
        if not wish["stream"]:
            return self._send(200, whole(answer))
        self._head(200, "text/event-stream")
        for line in events(answer, wish["stream_options"].get("include_usage", False)):
            self.wfile.write(f"{line}\n\n".encode())
            self.wfile.flush()

    def _send(self, status, told):
        self._head(status, "application/json")
        self.wfile.write(json.dumps(told).encode())

    def _head(self, status, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def log_message(self, *_):
        """Keep still: a notebook shows what its cell prints."""


@contextmanager
def running(serving):
    """Run a server on this machine alone while the block runs; any free port will do.

    Yields:
        Where it listens: ``http://127.0.0.1:PORT/v1/chat/completions``.

    >>> with running(Serving(None, None, "tiny")) as url:
    ...     url.startswith("http://127.0.0.1:")
    True

    Lesson 13.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.serving = serving
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PATH}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
