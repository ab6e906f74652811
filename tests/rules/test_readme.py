"""README names what is there, and counts the evening's reading right."""

import re

import pytest

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
