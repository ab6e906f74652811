"""The recipes of deploy/: what they call is there, and SkyPilot takes its file."""

import re
import shlex

import pytest
import yaml

from moe_lesson.commands.options import check_options, given, parser
from moe_lesson.training.settings import Settings
from tests.rules.source import ROOT

FILES = [ROOT / "deploy" / name for name in ("README.md", "train.yaml")]


def commands():
    """Return every ``-m moe_lesson ...`` of the recipes, as a list of words."""
    joined = "\n".join(path.read_text(encoding="utf-8") for path in FILES).replace("\\\n", " ")
    return [shlex.split(found) for found in re.findall(r"-m moe_lesson ([^\n`]+)", joined)]


def test_there_is_a_recipe_for_one_machine_for_two_and_for_a_cloud():
    assert len(commands()) == 3


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_our_command_line_takes_what_the_recipes_type(words):
    args = parser().parse_args(words)
    check_options(args)
    assert args.command == "train" and args.expert_parallel > 1
    assert Settings(**given(args)).batch % 4 == 0


def test_the_task_file_is_yaml_with_the_keys_of_a_task():
    task = yaml.safe_load(FILES[1].read_text(encoding="utf-8"))
    assert set(task) == {"name", "num_nodes", "resources", "workdir", "setup", "run"}
    assert task["num_nodes"] == 2 and "torchrun" in task["run"]


def test_skypilot_takes_the_task_file():
    sky = pytest.importorskip("sky", reason='needs the extra "cluster"')
    task = sky.Task.from_yaml(str(FILES[1]))
    assert task.num_nodes == 2
