"""Clients of a chat server: one request, and several at once."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

DIRECT = build_opener(ProxyHandler({}))  # a proxy would look for the server on its own machine


def lines(url, body):
    """Send a request and yield the lines of the answer as they come, empty ones left out.

    Yields:
        (seconds since the request, line).

    >>> from moe_lesson.lessons.lesson13.server import Serving, running
    >>> with running(Serving(None, None, "tiny")) as url:
    ...     print(*(line for _, line in lines(url, {"model": "huge"})))
    {"error": {"message": "model is 'huge': here is 'tiny'"}}

    Lesson 13.
    """
    sent, began = Request(url, json.dumps(body).encode()), time.perf_counter()
    try:
        answer = DIRECT.open(sent, timeout=60)
    except HTTPError as error:  # what it says is an answer, too
        answer = error
    with answer:
        for line in filter(bytes.strip, answer):
            yield time.perf_counter() - began, line.decode().rstrip("\n")


def at_once(url, bodies):
    """Send several requests at one time.

    Returns:
        For each a list as ``lines`` yields it.

    >>> at_once("http://127.0.0.1:9", [])
    []

    Lesson 13.
    """
    with ThreadPoolExecutor(max(len(bodies), 1)) as pool:
        return list(pool.map(lambda body: list(lines(url, body)), bodies))


def text_of(received):
    """Join the pieces of a stream.

    >>> line = 'data: {"choices": [{"delta": {"content": "Me."}}]}'
    >>> text_of([(0.1, line), (0.2, "data: [DONE]")])
    'Me.'

    Lesson 13.
    """
    chunks = [json.loads(line[6:]) for _, line in received if line != "data: [DONE]"]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)
