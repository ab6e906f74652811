"""The command ``train --instruct``."""

import io

import pytest

from moe_lesson.__main__ import main

QUICK = "--instruct --steps 2 --batch 2 --warmup 1 --budget 50000".split()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "instruct"
    assert main(["train", *QUICK, "--out", str(folder)]) == 0
    return str(folder)


def test_what_was_tuned_can_be_talked_to(tuned, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("Who?\n"))
    assert main(["chat", "--model", tuned, "--tokens", "3"]) == 0
    assert capsys.readouterr().out.strip()


def test_it_says_what_it_did(tmp_path, capsys):
    assert main(["train", *QUICK, "--out", str(tmp_path / "a")]) == 0
    shown = capsys.readouterr().out
    assert "2 steps on answers, then 2 on preferences" in shown
    assert "nats per answer token" in shown and f"chat --model {tmp_path}" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--resume"], "--resume is True: with --instruct it must be left out"),
        (["--experts", "4"], "--experts is 4: with --instruct it must be left out"),
        (["--text", "here"], "--text is 'here': with --instruct it must be left out"),
        (["--preset", "tiny"], "--preset is 'tiny': with --instruct it must be left out"),
        (["--expert-parallel", "2"], "--expert-parallel is 2: with --instruct"),
        (["--z-weight", "0.0"], "--z-weight is 0.0: with --instruct it must be left out"),
        (["--measure-every", "9"], "--measure-every is 9: with --instruct it must be left out"),
        (["--length", "300"], "tuning needs 300, or a --length that it has"),
        (["--model", "absent"], "absent: there is no such folder"),
        (["--steps", "0"], "--steps is 0"),
    ],
)
def test_a_mistake_is_one_clear_line_and_writes_nothing(tmp_path, capsys, words, said):
    out = tmp_path / "a"
    assert main(["train", *QUICK, "--out", str(out), *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not out.exists()


def test_a_model_is_not_written_over(tuned, capsys):
    assert main(["train", *QUICK, "--out", tuned]) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert main(["train", *QUICK, "--out", tuned, "--overwrite"]) == 0
