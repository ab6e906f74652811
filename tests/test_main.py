"""The command line, as a reader types it."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest

from moe_lesson.__main__ import main, parser
from moe_lesson.training.settings import MEANING, Settings

QUICK = "--preset tiny --steps 4 --batch 2 --length 16 --warmup 2 --budget 60000".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model trained by the command."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["train", "--out", str(folder), *QUICK]) == 0
    return str(folder)


@pytest.mark.parametrize("command", ["train", "sample", "chat", "routes", "evaluate", "export"])
def test_help_names_every_option(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "usage: python -m moe_lesson" in capsys.readouterr().out


def test_every_setting_is_an_option_that_is_given_or_not():
    args = parser().parse_args(["train"])
    assert all(getattr(args, name) is None for name in MEANING)
    words = [word for name in MEANING for word in ("--" + name.replace("_", "-"), "7")]
    args = parser().parse_args(["train", *words])
    kinds = {field.name: field.type for field in dataclasses.fields(Settings)}
    assert {name: getattr(args, name) for name in MEANING} == {n: kinds[n](7) for n in MEANING}


def test_train_ends_with_losses_a_sample_and_the_place(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "a"), *QUICK]) == 0
    shown = capsys.readouterr().out
    parts = ["parameters", "bits per byte", "One day, a baker", "bits per byte by language: code"]
    for part in (*parts, f"the model is in {tmp_path}"):
        assert part in shown


def test_a_finished_run_is_not_written_over(folder, capsys):
    assert main(["train", "--out", folder, *QUICK]) == 2
    assert "add --resume" in capsys.readouterr().err
    assert main(["train", "--out", folder, "--resume", *QUICK, "--experts", "2"]) == 2
    assert "experts=None (now 2)" in capsys.readouterr().err
    assert main(["train", "--out", folder, "--resume", *QUICK]) == 0


def test_sample_repeats_with_its_seed(folder, capsys):
    ask = ["sample", "--model", folder, "--prompt", "if ", "--tokens", "9", "--seed"]
    texts = []
    for seed in "1", "1", "2":
        assert main([*ask, seed]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2] and texts[0].startswith("if ")


def test_routes_prints_digits(folder, capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["routes", "--model", folder, "--prompt", "if x", "--layer", "1"]) == 0
    shown = capsys.readouterr().out
    assert "|if" in shown or "|i" in shown
    assert main(["routes", "--model", folder, "--layer", "2"]) == 2
    assert "layers 0 to 1" in capsys.readouterr().err


def test_evaluate_reads_the_held_out_documents(folder, capsys):
    assert main(["evaluate", "--model", folder]) == 0
    first, languages, kinds = capsys.readouterr().out.splitlines()
    count = int(first.split()[-2].replace(",", ""))
    assert 100_000 < count < 200_000  # 240 documents of the languages, some of code
    assert all(f"{name} " in languages for name in ("code", "de", "en", "es", "fr", "it"))
    assert "fact" in kinds and "grammar" in kinds


def test_export_is_read_back(folder, tmp_path, capsys):
    out = str(tmp_path / "half")
    assert main(["export", "--model", folder, "--out", out, "--dtype", "bfloat16"]) == 0
    assert json.load(open(f"{out}/config.json"))["dtype"] == "bfloat16"
    assert main(["sample", "--model", out, "--tokens", "3"]) == 0


@pytest.mark.parametrize(
    "words, message",
    [
        (["sample", "--prompt", ""], "prompt 0 is empty"),
        (["sample", "--prompt", "x " * 200], "a prompt of"),
        (["sample", "--temperature", "-1"], "temperature is -1.0"),
        (["evaluate", "--text", "absent"], "absent: no such folder"),
    ],
)
def test_a_mistake_is_one_clear_line(folder, words, message, capsys):
    assert main([*words, "--model", folder]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_the_module_runs_as_a_program(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "moe_lesson", "sample", "--model", "absent"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr == "moe_lesson sample: absent: there is no such folder\n"


def test_a_length_past_the_context_is_refused_before_anything_is_written(tmp_path, capsys):
    out = tmp_path / "long"
    assert main(["train", "--out", str(out), "--preset", "tiny", "--budget", "60000"]) == 2
    assert "length is 128: the model's context is 64" in capsys.readouterr().err
    assert not out.exists()
