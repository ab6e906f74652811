"""tools/copies.py: a learner's copy is made once, its answers stay, and what is new is said."""

import json
import re
import subprocess

import pytest

from tests.rules.source import NOTEBOOKS, ROOT
from tools.copies import copies_of, sync

NAME = "05_seats.ipynb"


def notebook(*sources, output="2\n"):
    shown = [{"output_type": "stream", "name": "stdout", "text": [output]}]
    code = {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": shown}
    cells = [code | {"id": f"cell-{i}", "source": [source]} for i, source in enumerate(sources)]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write(path, *sources, **options):
    path.write_text(json.dumps(notebook(*sources, **options)), encoding="utf-8")


def change(path, **values):
    """Change the first cell of a notebook, as JupyterLab would save it."""
    found = json.loads(path.read_text(encoding="utf-8"))
    found["cells"][0].update(values)
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


def first(path):
    return "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])


@pytest.fixture
def folders(tmp_path):
    lessons, work = tmp_path / "notebooks", tmp_path / "work"
    lessons.mkdir()
    write(lessons / NAME, "1 + 1")
    assert sync(lessons, work) == []
    return lessons / NAME, work / NAME


def again(folders):
    return sync(folders[0].parent, folders[1].parent)


def test_nothing_is_said_or_written_while_nothing_changes(folders):
    before = folders[1].read_bytes()
    assert again(folders) == [] and folders[1].read_bytes() == before
    assert [path.name for path in folders[1].parent.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "work_done", [dict(source=["mine"]), dict(outputs=[]), dict(cell_type="markdown")]
)
def test_work_is_kept_and_the_new_lesson_put_beside(folders, work_done):
    change(folders[1], **work_done)
    mine = folders[1].read_bytes()
    write(folders[0], "1 + 2")
    (said,) = again(folders)
    new = folders[1].with_name("05_seats_v2.ipynb")
    assert NAME in said and new.name in said
    assert folders[1].read_bytes() == mine and first(new) == "1 + 2"
    assert again(folders) == []


def test_a_third_version_leaves_two_worked_copies_alone(folders):
    for turn, source in enumerate(("1 + 2", "1 + 3")):
        change(copies_of(folders[0], folders[1].parent)[-1], source=[f"mine {turn}"])
        write(folders[0], source)
        again(folders)
    found = copies_of(folders[0], folders[1].parent)
    assert [path.name for path in found] == [NAME, "05_seats_v2.ipynb", "05_seats_v3.ipynb"]
    assert [first(path) for path in found] == ["mine 0", "mine 1", "1 + 3"]


def test_versions_are_counted_not_spelt(folders):
    for version in (2, 10, 9):
        write(folders[1].with_name(f"05_seats_v{version}.ipynb"), "mine")
    write(folders[1].with_name("05_seats_other.ipynb"), "not a copy")
    assert [p.stem[8:] for p in copies_of(NAME, folders[1].parent)] == ["", "_v2", "_v9", "_v10"]
    again(folders)
    assert first(folders[1].with_name("05_seats_v11.ipynb")) == "1 + 1"


def test_a_copy_that_was_only_opened_and_saved_is_renewed(folders):
    opened = json.loads(folders[1].read_text(encoding="utf-8"))
    opened["metadata"]["kernelspec"] = {"name": "python3"}
    opened["cells"][0]["source"] = "1 + 1"  # one text where there was a list of lines
    folders[1].write_text(json.dumps(opened, indent=1), encoding="utf-8")
    write(folders[0], "1 + 2")
    (said,) = again(folders)
    assert "renewed" in said and first(folders[1]) == "1 + 2"
    assert len(copies_of(NAME, folders[1].parent)) == 1


def test_a_lesson_that_only_shows_other_numbers_has_not_changed(folders):
    write(folders[0], "1 + 1", output="2.0\n")
    assert again(folders) == [] and "2.0" not in folders[1].read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3, "metadata": 4}', "null"])
def test_what_cannot_be_read_is_left_alone(folders, text):
    folders[1].write_text(text, encoding="utf-8")
    again(folders)
    assert folders[1].read_text(encoding="utf-8") == text
    assert first(folders[1].with_name("05_seats_v2.ipynb")) == "1 + 1"
    assert again(folders) == []


def test_a_copy_that_was_thrown_away_is_made_again(folders):
    folders[1].unlink()
    assert again(folders) == [] and first(folders[1]) == "1 + 1"


def test_answers_that_were_typed_into_the_lesson_itself_are_never_renewed_away(tmp_path):
    lessons, work = tmp_path / "notebooks", tmp_path / "work"
    lessons.mkdir()
    write(lessons / NAME, "1 + 1")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    write(lessons / NAME, "mine")
    sync(lessons, work)
    write(lessons / NAME, "1 + 2")
    assert len(sync(lessons, work)) == 1
    assert first(work / NAME) == "mine" and first(work / "05_seats_v2.ipynb") == "1 + 2"


LINK = re.compile(r"\]\((?!https?:|#|attachment:)([^)\s]+)\)|src=\"(?!data:|https?:)([^\"]+)")
CODE = re.compile(r"```.*?```", re.S)


def test_links_between_copies_and_to_files_lead_somewhere(tmp_path):
    work = tmp_path / "work"
    sync(work=work)
    for folder in ("data", "moe_lesson", "deploy", "tests"):  # work/ stands beside them
        (tmp_path / folder).symlink_to(ROOT / folder)
    found = 0
    for copy in work.glob("*.ipynb"):
        for cell in json.loads(copy.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                prose = CODE.sub("", "".join(cell["source"]))
                for target in filter(None, sum(LINK.findall(prose), ())):
                    assert (work / target.split("#")[0]).exists(), f"{copy.name}: {target}"
                    found += 1
    assert found >= 2 * len(NOTEBOOKS)


def test_git_and_the_linter_leave_the_copies_alone():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"work/", "classroom/"} <= set(ignored)
    assert 'extend-exclude = ["work", "classroom"]' in (ROOT / "pyproject.toml").read_text()
