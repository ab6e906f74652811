"""The recipes of deploy/: what they call is there, and SkyPilot takes its files."""

import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from moe_lesson.checkpoints.shipped import FOLDER
from moe_lesson.commands.options import check_options, given, parser
from moe_lesson.training.settings import Settings
from tests.rules.source import ROOT

DEPLOY = ROOT / "deploy"
TRAIN, SERVE = DEPLOY / "train.yaml", DEPLOY / "serve.yaml"
SCRIPTS = sorted(DEPLOY.glob("*.sh"))
FILES = [DEPLOY / "README.md", TRAIN, SERVE, *SCRIPTS]


def commands(name):
    """Return every ``-m moe_lesson NAME ...`` of the recipes, as a list of words."""
    joined = "\n".join(path.read_text(encoding="utf-8") for path in FILES).replace("\\\n", " ")
    found = [shlex.split(line) for line in re.findall(r"-m moe_lesson ([^\n`]+)", joined)]
    return [words for words in found if words[0] == name]


def test_there_is_a_recipe_for_one_machine_for_two_and_for_a_cloud():
    assert len(commands("train")) == 3


@pytest.mark.parametrize("words", commands("train"), ids=" ".join)
def test_our_command_line_takes_what_the_recipes_type(words):
    args = parser().parse_args(words)
    check_options(args)
    assert args.expert_parallel > 1
    assert Settings(**given(args)).batch % 4 == 0


@pytest.mark.parametrize("words", commands("export"), ids=" ".join)
def test_models_are_exported_as_they_are_compared(words):
    args = parser().parse_args(words)
    check_options(args)
    assert args.dtype == "float32" and args.out.startswith("runs/")


def test_the_task_file_is_yaml_with_the_keys_of_a_task():
    task = yaml.safe_load(TRAIN.read_text(encoding="utf-8"))
    assert set(task) == {"name", "num_nodes", "resources", "workdir", "setup", "run"}
    assert task["num_nodes"] == 2 and "torchrun" in task["run"]


def test_the_service_file_probes_the_port_that_it_opens():
    task = yaml.safe_load(SERVE.read_text(encoding="utf-8"))
    assert set(task) == {"name", "service", "envs", "resources", "setup", "run"}
    assert f"--port {task['resources']['ports']}" in task["run"]
    assert task["service"]["readiness_probe"]["path"] == "/health"
    for name in re.findall(r"\$(\w+)", task["run"]):
        assert name in task["envs"] or name.startswith("SKYPILOT_"), name


def test_skypilot_takes_the_task_file():
    sky = pytest.importorskip("sky", reason='needs the extra "cluster"')
    task = sky.Task.from_yaml(str(TRAIN))
    assert task.num_nodes == 2 and task.service is None


def test_skypilot_takes_the_service_file(tmp_path):
    sky = pytest.importorskip("sky", reason='needs the extra "cluster"')
    task = sky.Task.from_yaml(str(SERVE))
    assert (task.service.min_replicas, task.service.max_replicas) == (1, 2)
    assert {one.accelerators["H100"] for one in task.resources if "H100" in one.accelerators} == {2}
    misspelt = tmp_path / "serve.yaml"
    misspelt.write_text(SERVE.read_text().replace("min_replicas", "least_replicas"))
    with pytest.raises(sky.exceptions.InvalidSkyPilotConfigError, match="min_replicas"):
        sky.Task.from_yaml(str(misspelt))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_recipe_names_is_there(path):
    for name in re.findall(r"\b(?:deploy|tests|data)/[\w./]*\w", path.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), f"{path.name} names {name}"


@pytest.mark.skipif(os.name != "posix", reason="needs bash")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run(path):
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.skipif(os.name != "posix", reason="needs bash")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "usage: deploy/serve.sh transformers|vllm FOLDER"),
        (["vllm", str(ROOT / "tests")], "has no config.json"),
        (["vllm", str(FOLDER / "small")], "heads of 16"),
        (["other", str(FOLDER / "small")], "usage"),
    ],
)
def test_the_script_refuses_what_no_server_can_do(words, message):
    environment = os.environ | {"PYTHON": sys.executable}
    command = [DEPLOY / "serve.sh", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and message in done.stderr
