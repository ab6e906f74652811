"""Malformed inputs: each ends right, or in a named mistake, and no file that was there changes.

Every input follows from its seed. Allowed are ``ValueError``, ``OSError`` and
``FloatingPointError`` with one line that says something; of the command the exit code 2 with
one line on the standard error. A traceback of another kind, or one that takes more than
``SECONDS``, is a fault.
"""

import contextlib
import copy
import io
import json
import os
import random
import shutil
import signal
import struct

import pytest
import torch

from moe_lesson.__main__ import main
from moe_lesson.checkpoints.folder import load, save
from moe_lesson.checkpoints.hf_config import config_from_hf, config_to_hf
from moe_lesson.commands.plan import read_plan
from moe_lesson.inference.generate import stream_text
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.study.trace import trace_text
from moe_lesson.text.folder import read_texts
from moe_lesson.text.tokenizer import encode, train_tokenizer
from moe_lesson.training.resume import STATE, load_state, peek, save_state

pytestmark = pytest.mark.unwatched
NAMED = (ValueError, OSError, FloatingPointError)
SECONDS = 10  # for one input; a busy machine is slow
ODD = [None, True, False, -1, 0, 1, 2, 1.5, -0.0, 1e300, 10**9, 2**31, 2**63, 10**30, 10**400]
ODD += ["", "x", "32", "NaN", "..", "/etc/passwd", "\0", "\ud800", "é" * 300]
ODD += [[], [1], [None], [[2]], {}, {"a": 1}, {"type": "yarn"}, {"rope_theta": []}]
PIECES = [b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"[" * 4000, b"{" * 4000, b'{"a":' * 2000]
PIECES += [b"\xff", b"\0", b"\xef\xbb\xbf", b'"', b",", b"}", b"]", b"null", b'{"a":1,"a":2}']
PROMPTS = ["<s>", "</s>", "<unk>", "\0", "\x1b[31m", "\r\n", "\u2581", "\ufffd", "\ud800"]
PROMPTS += ["\u202e", "🙂", "👩‍👩‍👧", "日本", "e\u0301", "ﬁ", "\ufeff", " ", "\t", "a", "0"]
PROMPTS += ["A" * 70, "ab " * 30]
DTYPES = ["F32", "F16", "BF16", "F64", "I8", "U8", "I64", "BOOL", "F8_E4M3", "F4", "C64", "", "x"]


class TooLong(BaseException):
    """An input is still at work when its time is over."""


@contextlib.contextmanager
def limited(seconds):
    """Stop what takes too long, where the system can."""

    def stop(*_):
        raise TooLong(f"more than {seconds} s")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(work):
    """Return "right", "named", or what is wrong with the way a piece of work ends."""
    try:
        with limited(SECONDS):
            work()
    except NAMED as error:
        lines = str(error).strip().splitlines()
        return "named" if lines else f"{type(error).__name__} without a word"
    except BaseException as error:  # whatever else it is, it is a fault to report
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "right"


def content(folder):
    """Return path -> bytes of every ordinary file below a folder."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def survey(seeds, trial):
    """Try each seed and fail with a list of those that end badly.

    Args:
        trial: takes a ``random.Random``; returns a folder (None: there is none) and the work.
    """
    found = {}
    for seed in seeds:
        folder, work = trial(random.Random(seed))
        before = content(folder) if folder else None
        found[seed] = outcome(work)
        if folder and content(folder) != before:
            found[seed] = "files changed"
    faults = {seed: how for seed, how in found.items() if how not in ("right", "named")}
    assert not faults, "\n".join(f"seed {seed}: {how}" for seed, how in faults.items())
    assert "named" in found.values(), "no input of all was refused: nothing was tried"


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(["low lower lowest, the cat sat on the mat"] * 3, 300)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, words):
    """A folder with a model, its tokenizer, a run and its text; to be copied, then damaged."""
    folder = tmp_path_factory.mktemp("whole")
    torch.manual_seed(0)
    save(folder, Mixtral(TINY), words)
    with torch.device("meta"):
        Mixtral(TINY)  # its first use imports for seconds, which no single input is to blame for
    (folder / "run.json").write_text(json.dumps({"text": None, "budget": 10_000}))
    return folder


@pytest.fixture
def damaged(whole, tmp_path):
    """Return a function that copies the folder anew, for the next damage."""

    def again():
        shutil.rmtree(tmp_path / "model", ignore_errors=True)
        return shutil.copytree(whole, tmp_path / "model")

    return again


def use(folder):
    """Open a model and compute with it."""
    model, words = load(folder)
    if words is not None:
        encode(words, ["the cat, 日本"])
        "".join(stream_text(model, words, "low", 2))
    assert model.config.n_layers < 1000


def spots(node):
    """List (container, key) of every place in a JSON value."""
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for key, value in inner:
        found.append((node, key))
        if isinstance(value, (dict, list)):
            found += spots(value)
    return found


def bend(value, chance):
    """Put odd values into some places of a JSON value, or take them away."""
    for _ in range(chance.randint(1, 2)):
        node, key = chance.choice(spots(value))
        if chance.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(chance.choice(ODD))
        if not spots(value):
            break
    return value


def test_configurations(whole, damaged):
    fields = json.loads((whole / "config.json").read_text())

    def trial(chance):
        folder, bent = damaged(), bend(copy.deepcopy(fields), chance)
        (folder / "config.json").write_text(json.dumps(bent))
        return folder, lambda: use(folder)

    survey(range(130), trial)


def test_configurations_without_weights():
    """What is not read from a file, so that odd numbers meet nothing but ``Config``."""
    def trial(chance):
        bent = bend(config_to_hf(TINY), chance)
        return None, lambda: config_from_hf(bent)

    survey(range(60), trial)


def scratch(data, chance):
    """Damage bytes: cut them, put a piece in, change some, say them twice."""
    at = chance.randrange(len(data) + 1)
    way = chance.randrange(5)
    if way == 0:
        return data[:at]
    if way == 1:
        return data[:at] + chance.choice(PIECES) + data[at:]
    if way == 2:
        return chance.choice(PIECES)
    if way == 3:
        return data[:at] + chance.randbytes(3) + data[at + 3 :]
    return data + data


FILES = ["config.json", "tokenizer_config.json", "tokenizer.json", "run.json"]


def test_files_of_json(damaged):
    def trial(chance):
        folder = damaged()
        path = folder / chance.choice(FILES)
        path.write_bytes(scratch(path.read_bytes(), chance))

        def work():
            read_plan(folder)
            use(folder)

        return folder, work

    survey(range(100), trial)


def test_indices(damaged):
    def trial(chance):
        folder = damaged()
        (folder / "model.safetensors").rename(folder / "part.safetensors")
        file = chance.choice(["part.safetensors", "../model/part.safetensors", "gone"])
        index = {"metadata": {"total_size": 1}, "weight_map": {"a": "part.safetensors", "b": file}}
        text = json.dumps(bend(index, chance)).encode()
        text = scratch(text, chance) if chance.random() < 0.3 else text
        (folder / "model.safetensors.index.json").write_bytes(text)
        return folder, lambda: use(folder)

    survey(range(50), trial)


def bend_header(data, chance):
    """Damage the header of a safetensors file where it still reads as JSON, or its length."""
    size = struct.unpack("<Q", data[:8])[0]
    header, rest = json.loads(data[8 : 8 + size]), data[8 + size :]
    name = chance.choice([name for name in header if name != "__metadata__"])
    way = chance.randrange(6)
    if way == 0:
        header[name]["dtype"] = chance.choice(DTYPES)
    elif way == 1:
        odd = [[], [0], [-1], [2**62, 4], [1.5], "x", None, [1] * 99]
        header[name]["shape"] = chance.choice(odd)
    elif way == 2:
        begin, end = header[name]["data_offsets"]
        odd = [[end, begin], [0, 2**63], [begin, end + 4], [-4, end], [begin], None, ["a", "b"]]
        header[name]["data_offsets"] = chance.choice(odd)
    elif way == 3:
        header[chance.choice(["", "x", "\0", "model.norm.bias", "é" * 200])] = header.pop(name)
    elif way == 4:
        bend(header, chance)
    text = json.dumps(header).encode()
    odd = chance.choice([0, 1, size - 1, size + 1, 2**31, 2**63, 2**64 - 1])
    return struct.pack("<Q", odd if way == 5 else len(text)) + text + rest


def test_weights(damaged):
    def trial(chance):
        folder = damaged()
        path = folder / "model.safetensors"
        change = scratch if chance.random() < 0.3 else bend_header
        path.write_bytes(change(path.read_bytes(), chance))
        return folder, lambda: use(folder)

    survey(range(110), trial)


def test_tokenizers(whole, damaged):
    fields = json.loads((whole / "tokenizer.json").read_text())
    fields["model"]["merges"] = fields["model"]["merges"][:5]  # or nearly all bends hit one

    def trial(chance):
        folder, bent = damaged(), copy.deepcopy(fields)
        part = chance.choice([bent, bent["added_tokens"], bent["decoder"], bent["pre_tokenizer"]])
        bend(chance.choice([part, bent["model"]]), chance)
        (folder / "tokenizer.json").write_text(json.dumps(bent))
        return folder, lambda: use(folder)

    survey(range(100), trial)


def odd_text(chance):
    return "".join(chance.choice(PROMPTS) for _ in range(chance.randint(0, 4)))


def test_prompts(whole):
    model, words = load(whole)

    def trial(chance):
        text = odd_text(chance)

        def work():
            found = encode(words, [text])
            assert words.decode(found.id_T[1:-1].tolist()) == text
            assert found.bytes_T.sum() == len(text.encode())
            trace_text(model, words, text)
            said = "".join(stream_text(model, words, text, 2))
            assert said.startswith(text)

        return None, work

    survey(range(70), trial)


STATES = ["state.safetensors", "rows-0.jsonl"]


def test_states_of_a_run(tmp_path, tmp_path_factory):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    fresh = tmp_path_factory.mktemp("run")
    save_state(fresh, model, optimizer, {"step": 2, "rows": [{"nats": 2.5}, {"nats": 2.0}]})

    def trial(chance):
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(fresh, folder)
        path = folder / STATE.parent / chance.choice(STATES)
        header = path.suffix != ".jsonl" and chance.random() < 0.7
        damage = bend_words if header else scratch
        path.write_bytes(damage(path.read_bytes(), chance))

        def work():
            other = torch.nn.Linear(3, 2)
            peek(folder)
            load_state(folder, other, torch.optim.AdamW(other.parameters()))

        return folder, work

    survey(range(80), trial)


def bend_words(data, chance):
    """Damage the JSON that a state keeps in its header."""
    size = struct.unpack("<Q", data[:8])[0]
    header, rest = json.loads(data[8 : 8 + size]), data[8 + size :]
    words = json.loads(header["__metadata__"]["state"])
    text = json.dumps(bend(words, chance))
    if chance.random() < 0.3:
        text = scratch(text.encode(), chance).decode(errors="replace")
    header["__metadata__"]["state"] = text
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def odd_file(folder, chance, number):
    """Put one entry into a folder of texts, seldom an ordinary one."""
    stem = chance.choice(["a", ".a", "._a", "b c", "é", "\x1b[31m", "x" * 200]) + str(number)
    path = folder / (stem + chance.choice([".txt", ".TXT", ".txt", ".md", ""]))
    text = odd_text(chance).encode(errors="ignore") or b"text"
    way = chance.randrange(8)
    if way == 0:
        path.mkdir()
        (path / "inner.txt").write_bytes(text)
    elif way == 1:
        path.symlink_to(chance.choice([folder, folder / "gone", folder.parent, "/dev/null", path]))
    elif way == 2:
        os.mkfifo(path)
    elif way == 3:
        path.write_bytes(chance.choice([b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff"]) + text)
    elif way == 4:
        path.write_bytes(chance.choice([b"", b"\0", b"\xff\xfe\0", b"\r\n", b" "]))
    else:
        path.write_bytes(text * chance.choice([1, 1, 100]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with pipes in folders")
def test_folders_of_texts(tmp_path, words):
    def trial(chance):
        folder = tmp_path / "texts"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number in range(chance.randint(0, 4)):
            odd_file(folder, chance, number)
        return folder, lambda: encode(words, read_texts(folder).documents)

    survey(range(90), trial)


VALUES = ["", " ", "x", "0", "-1", "1.5", "1e400", "nan", "inf", "-inf", "9" * 30, "\0", "\x1b[2J"]
VALUES += ["--", "\ud800", "..", "/dev/null", "absent", "a" * 5000, "True", "None", "²", "٣"]
OPTIONS = {
    "sample": "--model --prompt --tokens --temperature --top-k --top-p --seed",
    "routes": "--model --prompt --layer",
    "evaluate": "--model --text",
    "export": "--model --out --dtype",
    "train": "--out --text --budget --preset --experts --top-k --length --rate --seed --steps",
}
BASE = {
    "sample": {"--model": "MODEL", "--tokens": "2"},
    "routes": {"--model": "MODEL"},
    "evaluate": {"--model": "MODEL", "--text": "TEXT"},
    "export": {"--model": "MODEL", "--out": "MODEL"},  # which is not free
    "train": {"--out": "MODEL", "--text": "TEXT", "--preset": "tiny", "--steps": "1"},
}


def arguments(chance, places):
    """Compose a command line with an odd value or two."""
    command = chance.choice(list(OPTIONS))
    given = {name: places.get(value, value) for name, value in BASE[command].items()}
    for _ in range(chance.randint(1, 2)):
        given[chance.choice(OPTIONS[command].split())] = chance.choice(VALUES)
    line = [command, *(f"{name}={value}" for name, value in given.items())]
    if chance.random() < 0.1:
        more = chance.choice(["--nothing", "more", "--resume", "--overwrite=1"])
        line.insert(chance.randrange(len(line) + 1), more)
    return line


def test_command_lines(whole, tmp_path, monkeypatch, damaged):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("low lower lowest " * 40)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # where what is written by a right line goes
    model = damaged()
    places = {"MODEL": str(model), "TEXT": str(texts)}

    def trial(chance):
        line = arguments(chance, places)

        def work():
            out, complaint = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
                try:
                    code = main(line)
                except SystemExit as leaving:
                    code = leaving.code
            said = complaint.getvalue()
            if code == 2 and len(said.splitlines()) == 1 and "moe_lesson" in said:
                raise ValueError(said)
            assert code == 0, f"{line}: {code}, {said}"

        return model, work

    survey(range(140), trial)
