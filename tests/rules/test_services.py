"""What other people's machines read: the workflow, issue forms, the container, Binder.

None of these services can be tried here. What can be: that a file is valid, that it calls
commands that exist, and that it agrees with pyproject.toml and constraints.txt.
"""

import json
import os
import re

import pytest
import yaml

from tests.rules.source import ROOT
from tests.rules.test_dependencies import CORE, EXTRAS, PINS, PYTHONS
from tools import versions

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
WORKFLOW = ROOT / ".github" / "workflows" / "tests.yml"
BINDER = ROOT / "binder" / "environment.yml"
CONTAINER = ROOT / ".devcontainer" / "devcontainer.json"


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path):
    return [(name, step) for name, job in load(path)["jobs"].items() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid(path):
    read = load(path)
    assert read["name"] and read[True], "YAML reads the key 'on' as True"
    assert read["permissions"] == {"contents": "read"}
    for name, job in read["jobs"].items():
        assert job["runs-on"] and job["timeout-minutes"] <= 120, name
        for step in job["steps"]:
            assert len({"uses", "run"} & set(step)) == 1, f"{name}: {step}"
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/x@v1"))
    used = set(re.findall(r"matrix\.(\w+)", path.read_text(encoding="utf-8")))
    axes = {axis for job in read["jobs"].values() for axis in axes_of(job)}
    assert used == axes


def axes_of(job):
    return job.get("strategy", {}).get("matrix", {})


def test_it_calls_the_readers_own_commands():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    runs = [step["run"] for _, step in steps(WORKFLOW) if "run" in step]
    for target in re.findall(r"make (\w+)", " ".join(runs)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for path in re.findall(r"python ([\w/]+\.py)", " ".join(runs)):
        assert (ROOT / path).exists()
    for extra in re.findall(r"\.\[([\w,]+)\]", " ".join(runs)):
        assert set(extra.split(",")) <= set(EXTRAS)
    assert "make test" in runs and "make site" in runs


def test_it_covers_systems_pythons_and_dependencies():
    jobs = load(WORKFLOW)["jobs"]
    systems = {job["runs-on"] for job in jobs.values()}
    systems |= {name for job in jobs.values() for name in axes_of(job).get("os", [])}
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} <= systems
    for name in ("make-test", "windows"):
        assert axes_of(jobs[name])["python"] == [PYTHONS[0], PYTHONS[-1]]
    assert axes_of(jobs["dependencies"])["set"] == list(versions.SETS)


def test_the_oldest_set_holds_every_lower_bound(capsys):
    assert versions.main(["oldest"]) == 0
    printed = capsys.readouterr().out.splitlines()[1:]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f'".[{",".join(versions.EXTRAS)}]"' in makefile, "the extras that make test installs"
    asked = [*CORE, *(one for extra in versions.EXTRAS for one in EXTRAS[extra])]
    bounds = {str(one.name): str(one.specifier) for one in asked}
    assert {line.split("==")[0] for line in printed} == set(bounds)
    for line in printed:
        name, version = line.split(";")[0].split("==")
        assert f">={version}" in bounds[name].split(",")
    assert versions.main(["newest"]) == 0 and versions.main([]) == 2


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_valid(path):
    form = load(path)
    assert form["name"] and form["description"]
    ids = [part["id"] for part in form["body"]]
    assert len(ids) == len(set(ids))
    for part in form["body"]:
        assert part["type"] in ("input", "textarea") and part["attributes"]["label"]
    needed = {part["id"] for part in form["body"] if part.get("validations", {}).get("required")}
    wanted = {"wrong": {"cell", "quote", "source"}, "stuck": {"cell", "message", "machine"}}
    assert wanted[path.stem] <= needed


def test_the_cells_that_a_form_asks_for_are_there():
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "stuck.yml").read_text(encoding="utf-8")
    notebook = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))
    names = set(re.findall(r'"(machine-\w+)"', form))
    assert names and names <= {cell["id"] for cell in notebook["cells"]}


def test_binder_has_the_courses_requirements_as_they_are_pinned():
    python, pip, rest = load(BINDER)["dependencies"]
    assert python.removeprefix("python=") in PYTHONS and pip == "pip"
    index, torch, *others = rest["pip"]
    pins = {one.name: str(one.specifier) for one in PINS if "<" not in str(one.marker)}
    assert index == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert torch == f"torch{pins['torch']}+cpu", "the CPU's build has no gigabytes of CUDA"
    names = [one.name for one in CORE if one.name != "torch"] + ["ipykernel"]
    assert others == [f"{name}{pins[name]}" for name in names]


def test_the_container_sets_up_and_opens_the_lab():
    container = json.loads(CONTAINER.read_text(encoding="utf-8"))
    set_up = ROOT / container["postCreateCommand"].split()[-1]
    assert container["postAttachCommand"] == "make lab" and set_up.exists()
    script = set_up.read_text(encoding="utf-8")
    assert script.index("whl/cpu") < script.index("make .venv/.ok"), "torch for the CPU first"


@pytest.mark.parametrize("name", [".devcontainer/set_up.sh", "binder/postBuild", ".ci/run"])
@pytest.mark.skipif(os.name == "nt", reason="needs the modes of files")
def test_scripts_can_be_run(name):
    assert os.access(ROOT / name, os.X_OK)
