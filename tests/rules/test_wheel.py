"""Installed without a clone: a package that carries its data and works from any folder.

From the tracked files alone a source distribution is made, from that a wheel, and the wheel
is unpacked into an environment that has the course's requirements and nothing of the clone.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import moe_lesson
from moe_lesson.checkpoints.shipped import NAMES
from tests.rules.source import ROOT

pytestmark = pytest.mark.slow
SDIST = "from setuptools.build_meta import build_sdist; print(build_sdist({!r}))"
# The front page's picture; whatever else lies in data/ is for the code.
LEFT_HERE = ("data/figures/",)
# The most that a wheel may weigh: it is downloaded for every new notebook server. Three models of
# 12 MB, small, answers and instruct, are most of it.
MEGABYTES = 40


def run(command, folder, **environment):
    """Run a command in a folder, without what would lead it to the clone; return its output."""
    hidden = ("PYTHONPATH", "MOE_", "COV_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked(*folders):
    """Return the paths that git keeps, from the root."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a clone: the tracked files are copied")
    names = run(["git", "ls-files", "-z", *folders], ROOT).split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build a wheel by way of a source distribution."""
    copy, made = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("made")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    output = run([sys.executable, "-c", SDIST.format(str(made))], copy)
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    sdist = made / output.split()[-1]
    run([sys.executable, "-m", "pip", "wheel", *offline, "-w", made, sdist], made)
    (path,) = made.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return a function that runs Python where the wheel is installed, far from the clone."""
    home = tmp_path_factory.mktemp("machine")
    venv.create(home / "env", with_pip=False, symlinks=True)
    python = home / "env" / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run([python, "-c", where], home).strip())
    # The requirements alone: a path in a .pth file brings no .pth files of its own along.
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "requirements.pth").write_text("\n".join(sorted(libraries)), encoding="utf-8")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()

    def call(*arguments):
        own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "OMP_NUM_THREADS": "1"}
        return run([python, *arguments], elsewhere, **own)

    return call


def test_the_wheel_carries_all_the_data_and_nothing_but_the_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {name for name in tracked("data") if not name.startswith(LEFT_HERE)}
    assert data and {f"moe_lesson/{name}" for name in data} <= names
    assert set(tracked("moe_lesson")) <= names
    roots = {name.split("/")[0] for name in names}
    assert roots == {"moe_lesson", f"moe_lesson-{moe_lesson.__version__}.dist-info"}
    carried = {name for name in names if name.startswith("moe_lesson/data/")}
    assert carried == {f"moe_lesson/{name}" for name in data}


def test_the_wheel_stays_small(wheel, record_property):
    size = wheel.stat().st_size / 1e6
    record_property("report", f"the wheel has {size:.1f} MB")
    assert size <= MEGABYTES


def test_the_installed_package_looks_inside_itself(installed):
    where = "import moe_lesson as m; print(m.__file__); print(m.DATA); print(m.DATA.is_dir())"
    file, data, found = installed("-c", where).splitlines()
    assert str(ROOT) not in file and Path(data) == Path(file).parent / "data" and found == "True"


def test_a_clone_looks_beside_the_package():
    assert moe_lesson.DATA == ROOT / "data"


def test_every_reader_of_data_finds_it(installed):
    code = (
        "from moe_lesson.checkpoints import shipped as s; from moe_lesson.study import trials as t;"
        "print([bool(s.shipped(n).run) for n in s.NAMES], bool(s.timelapse()), t.FOLDER.is_dir())"
    )
    assert installed("-c", code).strip() == f"{[True] * len(NAMES)} True True"


def test_it_samples_from_the_shipped_model_anywhere(installed):
    assert installed("-m", "moe_lesson", "sample", "--tokens", "2").startswith("One day, a baker")


def test_it_trains_on_the_corpus_and_measures_it_anywhere(installed):
    small = "--preset tiny --length 32 --budget 40000 --steps 1 --measure-tokens 200 --out run"
    told = installed("-m", "moe_lesson", "train", *small.split())
    assert "the model is in run" in told and "bits per byte by language: code" in told


def test_it_evaluates_the_shipped_model_on_a_text_of_ones_own(installed, tmp_path):
    (tmp_path / "a.txt").write_text("One day, a baker bakes a loaf of bread. " * 200, "utf-8")
    assert "bits per byte" in installed("-m", "moe_lesson", "evaluate", "--text", tmp_path)
