"""Fixtures of this folder."""

import http.server
import threading

import pytest

from moe_lesson.text.downloads import Site
from tests.text.library import BOOK, Handler


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked, server.over = {"tale.txt": BOOK}, [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def site(server, tmp_path):
    base = f"http://127.0.0.1:{server.server_port}/"
    return Site(base, str(tmp_path / "cache"))


@pytest.fixture
def offline(tmp_path):
    return Site("nowhere:", str(tmp_path / "cache"))
