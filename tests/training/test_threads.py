"""How torch's threads wait and how many there are: fit for shared cores, never against the user."""

import os
import shutil
import subprocess
import sys

import pytest

import moe_lesson
from moe_lesson import WAITING, thread_settings
from tests.rules.source import ROOT

MINE = ("OMP_", "GOMP_", "KMP_")
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(MINE)}


@pytest.fixture
def lend(tmp_path, monkeypatch):
    """Return a function that sets a container's limits, on a machine of eight cores."""
    monkeypatch.setattr(moe_lesson, "GROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("DOT", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "ascii")

    return write


def test_threads_wait_without_spinning_for_long(lend):
    assert thread_settings({}) == WAITING


@pytest.mark.parametrize("name", [*WAITING, "KMP_BLOCKTIME"])
def test_how_the_user_lets_them_wait_stays(lend, name):
    assert thread_settings({name: "anything"}) == {}


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({"cpuDOTmax": "200000 100000\n"}, "2"),
        ({"cpuDOTmax": "150000 100000\n"}, "2"),
        ({"cpuDOTmax": "50000 100000\n"}, "1"),
        ({"cpu__cpuDOTcfs_quota_us": "300000\n", "cpu__cpuDOTcfs_period_us": "100000\n"}, "3"),
        ({"cpuDOTmax": "max 100000\n"}, None),
        ({"cpuDOTmax": "800000 100000\n"}, None),
        ({"cpuDOTmax": ""}, None),
        ({"cpuDOTmax": "0 0\n"}, None),
        ({"cpu__cpuDOTcfs_quota_us": "-1\n", "cpu__cpuDOTcfs_period_us": "100000\n"}, None),
        ({"cpu__cpuDOTcfs_quota_us": "300000\n"}, None),
        ({}, None),
    ],
)
def test_a_container_with_less_than_all_cores_gets_fewer_threads(lend, files, threads):
    lend(**files)
    assert thread_settings({}).get("OMP_NUM_THREADS") == threads


def test_the_users_number_of_threads_stays(lend):
    lend(cpuDOTmax="200000 100000\n")
    assert "OMP_NUM_THREADS" not in thread_settings({"OMP_NUM_THREADS": "6"})


def test_a_busy_machine_changes_nothing_so_losses_are_the_same(lend, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (64.0, 64.0, 64.0))
    assert thread_settings({}) == WAITING


def seen_by_openmp(code, **environment):
    """Return what GNU's OpenMP says of itself when a program loads it."""
    command = [sys.executable, "-c", code]
    loud = PLAIN | environment | {"OMP_DISPLAY_ENV": "verbose"}
    run = subprocess.run(command, env=loud, cwd=ROOT, capture_output=True, text=True, check=True)
    if "GOMP_SPINCOUNT" not in run.stderr:
        pytest.skip("this torch has another OpenMP than GNU's")
    return run.stderr


COMMAND = "import moe_lesson.__main__, torch"


def test_the_command_line_sets_it_before_openmp_is_loaded():
    assert f"GOMP_SPINCOUNT = '{WAITING['GOMP_SPINCOUNT']}'" in seen_by_openmp(COMMAND)


def test_openmp_sees_what_the_user_chose():
    found = seen_by_openmp(COMMAND, GOMP_SPINCOUNT="7", OMP_NUM_THREADS="3")
    assert "GOMP_SPINCOUNT = '7'" in found and "OMP_NUM_THREADS = '3'" in found


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make, which is not here")
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [({}, WAITING), ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"})],
)
def test_notebooks_opened_by_make_wait_alike(chosen, expected):
    run = subprocess.run(
        ["make", "-f", "Makefile", "-f", "-", "show"],
        input="show:\n\t@env\n",
        env=PLAIN | chosen,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in run.stdout.splitlines() if "=" in line)
    assert {name: value for name, value in found.items() if name.startswith(MINE)} == expected
