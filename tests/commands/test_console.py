"""How commands speak and end: any console, any reader, any moment of Ctrl-C."""

import io
import os
import subprocess
import sys

import pytest

from moe_lesson.__main__ import main
from moe_lesson.commands import console
from moe_lesson.commands.options import WHOLE, check_options, parser
from moe_lesson.study.terminal import coloured_text, visible, wants_colours
from tests.rules.source import ROOT
from tests.study.test_terminal import by_hand

SHOWN = "␛]0;x␇"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def console_of(encoding, monkeypatch):
    """Put a console that knows one encoding in the place of the standard output."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    return stream


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_character_that_a_console_lacks_becomes_a_question_mark(encoding, monkeypatch):
    stream = console_of(encoding, monkeypatch)
    assert main(["sample", "--prompt", "Привет ≤ 漢字", "--tokens", "1"]) == 0
    assert stream.buffer.getvalue().startswith(b"??????")


def test_a_lone_surrogate_of_a_file_name_is_shown(monkeypatch):
    stream = console_of("utf-8", monkeypatch)
    console.say("name\udcff")
    assert stream.buffer.getvalue() == b"name?\n"


@pytest.mark.parametrize("command", ["sample", "routes"])
def test_control_characters_of_a_prompt_are_shown_not_sent(command, capsys):
    more = ["--tokens", "1"] if command == "sample" else []
    assert main([command, "--prompt", "a\x1b]0;x\x07\x9b\r", *more]) == 0
    shown = capsys.readouterr().out
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\r"} and "␛" in shown and "␍" in shown


def test_control_characters_of_a_name_are_shown_and_the_message_stays_one_line(capsys):
    assert main(["sample", "--model", "no\x1b]0;x\x07\nwhere"]) == 2
    error = capsys.readouterr().err
    assert error == f"moe_lesson sample: no{SHOWN} where: there is no such folder\n"


def test_visible_leaves_text_alone():
    text = "Ça va? 漢字 👩‍🚀 ñ\u0301"
    assert visible(text) == text
    assert visible("a\tb\n", plain="\n") == "a␉b\n"
    assert visible("\u202e\u2066\u2028\x7f\0") == "\\u202e\\u2066\\u2028␡␀"


def test_colours_are_for_terminals_and_never_with_no_color(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colours(Terminal()) and not wants_colours(io.StringIO())
    assert not wants_colours(None)
    closed = io.StringIO()
    closed.close()
    assert not wants_colours(closed)
    monkeypatch.setenv("NO_COLOR", "")  # no-color.org: an empty one counts as none
    assert wants_colours(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colours(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_colours(Terminal())


def test_routes_are_coloured_on_a_terminal_alone(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for stream, coloured in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["routes", "--prompt", "a b"]) == 0
        assert ("\x1b[48" in stream.getvalue()) is coloured


@pytest.mark.parametrize(
    "raised, code, line",
    [
        (KeyboardInterrupt(), 130, "moe_lesson x: interrupted\n"),
        (BrokenPipeError(), 141, ""),
        (ValueError("two\nlines"), 2, "moe_lesson x: two lines\n"),
        (ValueError(), 2, "moe_lesson x: ValueError\n"),
        (OSError(28, "No space left on device", "a"), 2, None),
        (MemoryError(), 2, "moe_lesson x: MemoryError\n"),
        (RuntimeError("can't allocate memory"), 2, None),
    ],
)
def test_every_end_has_its_code_and_at_most_one_line(raised, code, line, capsys):
    def command():
        raise raised

    assert console.ending("x", command) == code
    error = capsys.readouterr().err
    assert error.count("\n") == bool(code != 141) and (line is None or error == line)


def test_a_fault_of_the_program_is_not_hidden():
    def command():
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        console.ending("x", command)


def test_an_interrupted_sample_ends_its_line(capsys):
    def pieces():
        yield "half a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        console.say_pieces(pieces())
    assert capsys.readouterr().out == "half a\n"


def program(*words, **more):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "moe_lesson", *words]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **more)


@pytest.mark.unwatched
def test_a_reader_that_has_enough_ends_it_quietly():
    with program("sample", "--tokens", "60", stdout=subprocess.PIPE) as process:
        process.stdout.read(5)
        process.stdout.close()
        error = process.communicate(timeout=120)[1]
    assert (process.returncode, error) == (141, b"")


@pytest.mark.unwatched
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_output_that_is_full_is_one_line():
    with open("/dev/full", "w") as full, program("sample", "--tokens", "3", stdout=full) as process:
        error = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 2 and error.count("\n") == 1
    assert "No space left on device: 'the output'" in error


@pytest.mark.unwatched
def test_no_output_at_all_is_no_harm():
    shell = f"exec {sys.executable} -m moe_lesson sample --tokens 3 >&- 2>&-"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    assert subprocess.run(["sh", "-c", shell], env=environment, timeout=120).returncode == 0


@pytest.mark.parametrize("command", ["sample", "routes", "evaluate", "export"])
def test_an_empty_model_is_not_one_left_out(command, tmp_path, capsys):
    more = ["--out", str(tmp_path / "out")] if command == "export" else []
    assert main([command, "--model", "", *more]) == 2
    assert "--model is '': it must name a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, named",
    [
        ("sample --tokens 0", "--tokens is 0: it must be 1 or more"),
        ("sample --tokens -3", "--tokens is -3"),
        ("sample --top-k 0", "--top-k is 0"),
        ("sample --seed -1", "--seed is -1: it must be between 0 and 4294967295"),
        ("sample --top-p 0", "top_p is 0.0"),
        ("sample --temperature nan", "temperature is nan"),
        ("routes --layer -1", "--layer is -1"),
        ("export --out x --model absent", "absent: there is no such folder"),
    ],
)
def test_a_number_out_of_its_range_is_named(words, named, capsys):
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1


def test_a_prompt_that_is_no_text_is_named(capsys):
    assert main(["sample", "--prompt", "ab\udcff"]) == 2
    assert "--prompt is not UTF-8 from character 2 on" in capsys.readouterr().err


def test_a_word_that_is_no_option_is_one_line(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--stepz\x1b", "3"])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and "\x1b" not in error


def test_every_whole_number_has_its_range():
    """An option added with ``type=int`` must not escape the check."""
    for command in ("train", "sample", "routes", "evaluate", "export"):
        words = [command, *(["--out", "x"] if command == "export" else [])]
        for name, value in vars(parser().parse_args(words)).items():
            if type(value) is int:
                assert name in WHOLE, f"give --{name} a range"
    check_options(parser().parse_args(["train"]))


@pytest.mark.parametrize("device", ["gpu", "", "cuda:99", "meta", "CPU"])
def test_a_device_that_is_not_there_is_named(device, monkeypatch, capsys):
    monkeypatch.setenv("MOE_DEVICE", device)
    assert main(["sample", "--tokens", "1"]) == 2
    error = capsys.readouterr().err
    assert f"MOE_DEVICE is {device!r}: allowed here are" in error and "cpu" in error


def test_a_layer_past_the_last_is_named():
    assert main(["routes", "--layer", "99"]) == 2


def test_text_is_painted_with_its_signs():
    assert coloured_text(by_hand(["a\x1b", "\r\n", "\t"], [0, 1, 2]), 0) == "0|a␛ 1|¶\n2|␉"
