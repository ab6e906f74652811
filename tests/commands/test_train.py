"""The command ``train`` with a reader's text: it refuses early, goes on exactly, loses nothing."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from safetensors import SafetensorError

from moe_lesson.__main__ import main
from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.commands import plan
from moe_lesson.training import loop, resume

TINY = "--preset tiny --batch 2 --length 16 --steps 4 --save-every 2 --measure-every 100".split()
SENTENCES = "the cat sat on the mat. a dog ran to the red house by the sea. "


@pytest.fixture
def texts(tmp_path):
    """A folder with one text."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(SENTENCES * 60)
    return folder


@pytest.fixture
def steps(monkeypatch):
    """The numbers of the steps that were computed; a step above ``last`` kills."""
    done, step = [], loop._step

    def counting(model, optimizer, text, number, settings):
        if number == counting.last:
            raise SystemExit
        done.append(number + 1)
        return step(model, optimizer, text, number, settings)

    counting.done, counting.last = done, None
    monkeypatch.setattr(loop, "_step", counting)
    return counting


def train(texts, out, *more):
    return main(["train", "--text", str(texts), "--out", str(out), *TINY, *more])


def killed(texts, out, steps, after=3):
    """Begin a run that dies during a step."""
    steps.last = after
    with pytest.raises(SystemExit):
        train(texts, out)
    steps.last = None
    steps.done.clear()


def contents(folder):
    """Return name -> digest of every file."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def said(capsys):
    """Return the one line on the standard error, progress bars apart."""
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if line.startswith("moe_lesson ")]
    return line


def test_a_killed_run_goes_on_and_says_what_it_read(texts, tmp_path, steps, capsys):
    killed(texts, tmp_path / "run", steps)
    assert train(texts, tmp_path / "run", "--resume") == 0
    assert steps.done == [3, 4]
    assert f"1 file, {len(SENTENCES) * 60:,} bytes read" in capsys.readouterr().out


def changed_text(texts, run):
    (texts / "a.txt").write_text("zorp 12345 glim 67890 " * 200)


def one_letter(texts, run):
    (texts / "a.txt").write_text("T" + (SENTENCES * 60)[1:])


def another_file(texts, run):
    (texts / "b.txt").write_text(SENTENCES)


def changed_tokenizer(texts, run):
    path = run / "tokenizer.json"
    fields = json.loads(path.read_text())
    fields["model"]["merges"].pop()
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize(
    "change, named",
    [
        (changed_text, "the files in"),
        (one_letter, "training part="),
        (another_file, "held-out part="),
        (changed_tokenizer, "tokenizer.json is not the tokenizer"),
    ],
)
def test_a_run_does_not_go_on_with_something_else(change, named, texts, tmp_path, steps, capsys):
    run = tmp_path / "run"
    killed(texts, run, steps)
    change(texts, run)
    before = contents(run)
    assert train(texts, run, "--resume") == 2
    assert named in said(capsys)
    assert not steps.done and contents(run) == before


def test_another_pythons_library_is_named(texts, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    ours = {"text": None, "budget": 20_000, "parts": {"training part": "9 tokens, a"}}
    (run / plan.RUN).write_text(json.dumps(ours | {"python": "3.9.0"}))
    now = ours | {"parts": {"training part": "9 tokens, b"}, "python": "3.12.1"}
    with pytest.raises(ValueError, match="library of Python 3.9.0, and this is Python 3.12.1"):
        plan.check_text(run, now)


def test_a_tokenizer_that_has_gone_is_learnt_again(texts, tmp_path, steps):
    killed(texts, tmp_path / "run", steps)
    (tmp_path / "run" / "tokenizer.json").unlink()
    assert train(texts, tmp_path / "run", "--resume") == 0 and steps.done == [3, 4]


def test_a_folder_of_texts_is_known_by_its_whole_path(texts, tmp_path, steps, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    killed("texts", tmp_path / "run", steps)
    monkeypatch.chdir("/")
    assert train(texts, tmp_path / "run", "--resume") == 0
    capsys.readouterr()
    assert main(["evaluate", "--model", str(tmp_path / "run")]) == 0
    assert "1 file" in capsys.readouterr().out
    changed_text(texts, None)
    assert main(["evaluate", "--model", str(tmp_path / "run")]) == 0
    assert "the text has changed since the run" in said(capsys)


def test_a_run_killed_before_its_first_save_begins_again(texts, tmp_path, steps):
    killed(texts, tmp_path / "run", steps, after=0)
    assert not resume.has_state(tmp_path / "run")
    assert train(texts, tmp_path / "run") == 0
    shutil.rmtree(tmp_path / "run")
    killed(texts, tmp_path / "run", steps, after=0)
    assert train(texts, tmp_path / "run", "--resume") == 0 and steps.done == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "names",
    [
        ["config.json", "model.safetensors"],
        ["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"],
        ["adapter.safetensors"],
        ["tokenizer.json"],
        ["tokenizer_config.json"],
        ["run.json"],
        ["run.json", "tokenizer.json"],
    ],
)
def test_what_others_made_is_not_written_over(names, texts, tmp_path, steps, capsys):
    out = tmp_path / "theirs"
    out.mkdir()
    for name in names:
        (out / name).write_text('{"theirs": 1}')
    before = contents(out)
    assert train(texts, out) == 2
    assert "--overwrite" in said(capsys)
    assert main(["export", "--out", str(out)]) == 2
    assert "--overwrite" in said(capsys)
    assert not steps.done and contents(out) == before


def test_overwrite_replaces_a_model_and_nothing_else(texts, tmp_path):
    out = tmp_path / "theirs"
    out.mkdir()
    for name in ("model-00001-of-00001.safetensors", checkpoint.INDEX, "config.json"):
        (out / name).write_text("theirs")
    (out / "notes.txt").write_text("mine")
    assert train(texts, out, "--overwrite") == 0
    assert not (out / checkpoint.INDEX).exists() and (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in out.glob("*.safetensors")] == ["model.safetensors"]
    assert train(texts, out, "--overwrite", "--seed", "1") == 0  # a run of our own as well
    assert main(["export", "--model", str(out), "--out", str(out), "--overwrite"]) == 0
    assert not resume.has_state(out) and checkpoint.load(out)[1] is not None
    assert not list(out.glob(".export-*"))


def test_a_failed_export_leaves_what_was_there(texts, tmp_path, monkeypatch, capsys):
    out = tmp_path / "model"
    assert train(texts, out) == 0
    before = contents(out)

    def full(*_):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", full)
    assert main(["export", "--model", str(out), "--out", str(out), "--overwrite"]) == 2
    line = said(capsys)
    assert "model.safetensors" in line and "No space left" in line
    assert contents(out) == before


def test_a_full_disk_while_training_is_one_line_and_keeps_the_last_state(
    texts, tmp_path, steps, monkeypatch, capsys
):
    run, save = tmp_path / "run", resume.save_file
    killed(texts, run, steps)
    before = contents(run)

    def full(*_):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(resume, "save_file", full)
    assert train(texts, run, "--resume") == 2
    line = said(capsys)
    assert "state.safetensors" in line and "No space left" in line
    left = contents(run)
    assert left["training/state.safetensors"] == before["training/state.safetensors"]
    assert not list(run.rglob("*.tmp"))
    monkeypatch.setattr(resume, "save_file", save)
    assert train(texts, run, "--resume") == 0


def test_too_little_room_is_seen_before_the_first_step(texts, tmp_path, steps, monkeypatch, capsys):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)  # a state has 730,000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert train(texts, tmp_path / "run") == 2
    assert "no room for two states" in said(capsys)
    assert not steps.done and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "more, named",
    [
        ("--length 64 --measure-tokens 63", "measure_tokens is 63"),
        ("--length 65", "length is 65: the model's context is 64"),
        ("--experts 2 --top-k 3", "top_k is 3"),
        ("--experts 0", "--experts is 0: it must be 1 or more"),
        ("--top-k 0", "--top-k is 0: it must be 1 or more"),
        ("--top-k -1", "--top-k is -1"),
        ("--steps 0", "--steps is 0"),
        ("--seed -1", "--seed is -1: it must be between 0 and"),
        ("--budget 0", "--budget is 0: it must be between 10000 and"),
        ("--batch 99999999999", "--batch is 99999999999: it must be at most"),
        ("--learning-rate 0", "learning_rate is 0.0"),
        ("--learning-rate inf", "learning_rate is inf"),
        ("--clip nan", "clip is nan"),
        ("--resume", "holds no run"),
        ("--resume --overwrite", "choose one"),
    ],
)
def test_what_is_known_first_is_said_first(more, named, texts, tmp_path, steps, capsys):
    assert train(texts, tmp_path / "run", *more.split()) == 2
    assert named in said(capsys)
    assert not steps.done and not (tmp_path / "run").exists()


@pytest.mark.parametrize("characters, part", [(20, "training"), (200, "held-out")])
def test_a_part_that_is_too_short_is_named(characters, part, texts, tmp_path, steps, capsys):
    letters = random.Random(0).choices("abcdefghijklmnopqrstuvwxyz", k=characters)
    (texts / "a.txt").write_text("".join(letters))
    assert train(texts, tmp_path / "run", "--length", "32") == 2
    assert f"the {part} part of the text has" in said(capsys)
    assert not steps.done and not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["--text", "--out"])
def test_an_empty_name_is_not_one_left_out(option, texts, tmp_path, steps, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train(texts, "run", option, "") == 2
    assert f"{option} is '': it must name a folder" in said(capsys)
    assert not steps.done and not (tmp_path / "run").exists()


def test_a_file_is_no_place_for_a_run(texts, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert train(texts, tmp_path / "file") == 2
    assert "is a file" in said(capsys)
    assert main(["export", "--out", str(tmp_path / "file")]) == 2
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_where_nothing_can_be_written_is_named_first(texts, tmp_path, steps, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "training").write_text("a file in the place of a folder")
    assert train(texts, tmp_path / "run") == 2
    assert "training" in said(capsys) and not steps.done


def test_ctrl_c_keeps_the_model_and_says_how_to_go_on(texts, tmp_path, steps, capsys):
    step, out = loop._step, tmp_path / "run"

    def press(*args):
        if args[3] == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step(*args)

    loop._step = press  # the fixture puts it back
    assert train(texts, out) == 130
    assert "stopped after step 2 of 4" in said(capsys)
    assert checkpoint.load(out)[1] is not None
    loop._step = step
    assert train(texts, out, "--resume") == 0 and steps.done == [1, 2, 3, 4]


def test_ctrl_c_while_the_model_is_saved_waits_for_it(texts, tmp_path, monkeypatch):
    save = checkpoint.save

    def pressed(*args, **more):
        os.kill(os.getpid(), signal.SIGINT)
        save(*args, **more)

    monkeypatch.setattr(checkpoint, "save", pressed)
    assert train(texts, tmp_path / "run") == 130
    assert checkpoint.load(tmp_path / "run")[1] is not None


@pytest.mark.unwatched
@pytest.mark.parametrize("wait", [0.4, 1.0, "step"])
def test_a_program_that_is_interrupted_is_quiet(wait, texts, tmp_path):
    """While Python loads, while torch loads, and in the middle of a run."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    out = tmp_path / "run"
    command = [sys.executable, "-m", "moe_lesson", "train", "--text", str(texts), "--out", str(out)]
    command += [*TINY, "--steps", "1000000"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        if wait == "step":
            end = time.monotonic() + 120
            while not resume.has_state(out) and time.monotonic() < end:
                time.sleep(0.05)
        else:
            time.sleep(wait)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and "Traceback" not in error
    if wait == "step":
        assert "the model is in" in error and checkpoint.load(out)[1] is not None
