"""README names what is there, and counts the evening's reading right."""

import doctest
import re

import pytest

from moe_lesson.__main__ import main
from moe_lesson.moe import layer, routing
from moe_lesson.study import conformance
from tests.rules.source import PACKAGE, ROOT
from tests.rules.test_layout import lines

README = (ROOT / "README.md").read_text(encoding="utf-8")
EVENING = README[README.index("An evening's reading") :].split("\n")[0]
ROOM = re.compile(r"((?:`[\w/]+`(?:, )?)+)(?: in `(\w+)/`)?")


def evening():
    """Return the files of the evening's list."""
    found = []
    for names, room in ROOM.findall(EVENING.split(":", 1)[1].split("How to add")[0]):
        for name in re.findall(r"`([\w/]+)`", names):
            found.append(PACKAGE / (f"{room}/{name}.py" if room else f"{name}.py"))
    return found


def test_the_evening_is_counted_right():
    files = evening()
    said = int(re.search(r"about ([\d,]+) lines", EVENING)[1].replace(",", ""))
    assert len(files) == int(re.search(r"(\d+) files", EVENING)[1]) == 14
    found = sum(map(lines, files))
    assert abs(found - said) <= 0.05 * said, f"{found} lines of code, README says {said}"


NAMED = re.compile(r"(?:\]\(|`)((?:moe_lesson|tests|tools|data|notebooks)/[\w./]+)")


@pytest.mark.parametrize("path", sorted(set(NAMED.findall(README))))
def test_what_readme_names_is_there(path):
    assert (ROOT / path.rstrip(".")).exists()


BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)


def block(holds):
    """Return the one Python block of README that holds a piece of text."""
    (found,) = (each for each in BLOCKS if holds in each)
    return found


def test_the_twelve_lines_run_and_print_what_readme_says(capsys):
    lines, small = block("from moe_lesson.training.loop import train"), {}
    for said, tried in (("300_000", "20_000"), ("steps=200", "steps=2")):
        assert lines.count(said) == 1
        lines = lines.replace(said, tried)
    exec(lines, small)
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"The last line prints `{last}`" in README
    assert len(small["rows"]) == 2


def test_the_router_that_readme_adds_is_one():
    names = vars(routing) | vars(layer) | vars(conformance)
    exec(block("def sigmoid_top_k"), names)
    test = doctest.DocTestFinder().find(names["sigmoid_top_k"], "readme", globs=names)
    assert doctest.DocTestRunner().run(test[0]).failed == 0
    verdicts = []
    exec(block("check_layer(layer"), names | {"print": lambda *said: verdicts.append(said)})
    # The last needs the layer's experts as one dense network, and says so.
    assert [passed for passed, _ in verdicts] == [True] * 6 + [None]
    row = block('"sigmoid_top_k": sigmoid_top_k')
    tests = (ROOT / "tests/moe/test_routing.py").read_text(encoding="utf-8")
    assert "ROUTERS = {" in tests and row.startswith("    ") and row.rstrip().endswith(",")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make (\w+)", README, re.M))))
def test_the_makefile_has_what_readme_names(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.M)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"-m moe_lesson (\w+)", README))))
def test_the_command_line_has_what_readme_names(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0 and command in capsys.readouterr().out


def test_a_lesson_is_linked_or_in_preparation():
    for number, rest in re.findall(r"^\| (\d\d) \| (.*)$", README, re.M):
        linked = re.search(r"\]\(notebooks/(\d\d)_\w+\.ipynb\)", rest)
        there = list((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
        assert bool(linked) == bool(there), f"lesson {number}"
        assert not linked or linked[1] == number
