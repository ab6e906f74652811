"""Fixtures of this folder."""

import threading

import pytest

from moe_lesson.text.downloads import Site
from tests.loopback import serving
from tests.text.library import BOOK, Handler


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Handler) as server:
        server.files, server.asked, server.over = {"tale.txt": BOOK}, [], threading.Event()
        yield server
        server.over.set()


@pytest.fixture
def site(server, tmp_path):
    base = f"http://127.0.0.1:{server.server_port}/"
    return Site(base, str(tmp_path / "cache"))


@pytest.fixture
def offline(tmp_path):
    return Site("nowhere:", str(tmp_path / "cache"))
