"""Each notebook keeps the form that every lesson shares.

A lesson is one whose number is 01 or more; the rules on exercises, summary and questions are
for lessons. What counts as prose: the words of markdown cells without tables, displayed
equations, fenced code, the targets of links and whatever is folded away in ``<details>``. A
run of prose goes from one code cell to the next; the card at the top and everything from
"Summary" on may be longer.
"""

import ast
import base64
import html
import io
import re

import nbformat
import pytest
from PIL import Image

from tests.rules.source import NOTEBOOKS
from tools.notebooks import FIGURE, captions

LESSONS = [path for path in NOTEBOOKS if not path.name.startswith("00")]
TAGS = set(
    "setup exercise check solution predict widget gpu slow triton"
    " nbval-ignore-output nbval-check-output nbval-skip raises-exception".split()
)
KILOBYTE = 1000
FILE_LIMIT, IMAGE_LIMIT = 400 * KILOBYTE, 60 * KILOBYTE
CELL_LINES, SETUP_LINES, WORDS, RUN_WORDS = 15, 8, 2500, 120

FOLDED = re.compile(
    r"<details>.*?</details>|```.*?```|\$\$.*?\$\$|<[^>]+>|^\s*\|.*$|\]\([^)\s]*\)", re.S | re.M
)
LINK = re.compile(r"\]\(([\w./-]+\.ipynb)\)")
THIS_MACHINE = re.compile(r"(?<![\w.])/(home|root|tmp|usr|work|opt|mnt|Users)/\w|[A-Z]:\\\\")
DATA = re.compile(r'src="data:image/png;base64,([^"]*)"')
ALT = re.compile(r'<img alt="([^"]*)"')
MUTE = re.compile(r'<img(?! alt="[^"]{10,}")[^>]{,40}')  # ten letters: more than a name
INSTALLS = re.compile(r"(pip|conda|apt|npm) install|index-url|https?://\S*(pypi|npmjs|conda)")
FETCHES = re.compile(r"https?:|urlopen|requests|pooch|sys\.path|chdir|/content|\bPath\(")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def outputs(path):
    return [(cell, output) for cell in code_cells(path) for output in cell.outputs]


def prose(cell):
    """Return the words of a markdown cell that a reader meets with everything folded."""
    return re.findall(r"\w[\w'’-]*", FOLDED.sub(" ", cell.source))


def syntax(source):
    """Return the syntax tree of a cell without its magics."""
    return ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.M))


# As committed: executed from top to bottom, nothing of this machine in it.


@each_notebook
def test_executed_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_every_cell_shows_something(path):
    may_be_silent = {"setup", "exercise"}
    silent = [c.id for c in code_cells(path) if not c.outputs and not tags(c) & may_be_silent]
    assert not silent


@each_notebook
def test_no_errors_and_nothing_on_stderr(path):
    for cell, output in outputs(path):
        expected = "raises-exception" in tags(cell)
        assert output.output_type != "error" or expected, f"{cell.id} raised {output.ename}"
        assert output.get("name") != "stderr", f"{cell.id} wrote to stderr: {output.text[:200]}"


@each_notebook
def test_no_widget_state(path):
    assert "widgets" not in read(path).metadata
    kinds = {kind for _, output in outputs(path) for kind in output.get("data", {})}
    assert not [kind for kind in kinds if "widget" in kind]


@each_notebook
def test_small_files_and_images(path):
    assert path.stat().st_size < FILE_LIMIT
    for cell, output in outputs(path):
        for picture in pictures(output):
            assert len(base64.b64decode(picture)) < IMAGE_LIMIT, f"{cell.id} shows a large image"


def pictures(output):
    """Return the pictures of an output, also those within a page, as base64."""
    data = output.get("data", {})
    alone = [data["image/png"].strip()] if "image/png" in data else []
    return alone + DATA.findall(data.get("text/html", ""))


def whole(picture):
    """Return whether a PNG in base64 has every byte: its checksums tell."""
    try:
        Image.open(io.BytesIO(base64.b64decode(picture, validate=True))).load()
    except (ValueError, OSError, SyntaxError):
        return False
    return True


@each_notebook
def test_every_picture_is_whole(path):
    for cell, output in outputs(path):
        for picture in pictures(output):
            assert whole(picture), f"{cell.id}: a browser cannot show this picture: run it again"


def test_one_letter_more_or_less_or_another_is_seen():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "png")
    made = base64.b64encode(file.getvalue()).decode()
    at = 60  # within the pixels
    other = "A" if made[at] != "A" else "B"
    assert whole(made)
    assert not whole(made[:at] + made[at + 1 :]) and not whole(made[:at] + other + made[at:])
    assert not whole(made[:at] + other + made[at + 1 :])


def test_a_large_image_is_seen_in_html_too():
    assert DATA.findall('<img alt="a" src="data:image/png;base64,aB+/="> <b>') == ["aB+/="]


@each_notebook
def test_every_picture_says_in_words_what_it_shows(path):
    for cell, caption in captions(read(path).cells):
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            page = shown.get("text/html", "")
            assert "image/png" not in shown or page, (
                f"{cell.id} shows a picture without words: draw on new_axes(), "
                f"which shows it when the cell ends"
            )
            assert not (mute := MUTE.search(page)), f"{cell.id}: no alternative text: {mute[0]}"
            if caption and FIGURE.match(page):
                said = html.unescape(ALT.search(page)[1])
                assert said.startswith(caption), (
                    f"{cell.id}: the caption below has changed; 'make notebooks' writes it again"
                )


@each_notebook
def test_nothing_of_this_machine_and_no_installs(path):
    notebook = read(path)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
            if html := output.get("data", {}).get("text/html"):
                output.data["text/html"] = re.sub(r"base64,[\w+/=]+", "", html)
    text = nbformat.writes(notebook)
    for pattern in (THIS_MACHINE, INSTALLS):
        assert not (found := pattern.search(text)), text[found.start() - 60 : found.end() + 60]


# Form: the card, the setup, the cells.


@each_notebook
def test_the_card_at_the_top(path):
    card = read(path).cells[0]
    assert card.cell_type == "markdown" and card.source.startswith("# ")
    assert re.search(r"^> \S", card.source, re.M), "a quote of one line: '> ...'"
    for word in ("minutes", "reading", "computing", "needs", "back", "next"):
        is_end = word == "back" and path == NOTEBOOKS[0] or word == "next" and path == NOTEBOOKS[-1]
        assert is_end or re.search(rf"\b{word}\b", card.source, re.I), f"the card lacks '{word}'"


@each_notebook
def test_three_things_you_will_be_able_to_do(path):
    start = "\n".join(cell.source for cell in read(path).cells[:3])
    promise = re.search(r"you will be able to(.*?)(?:\n\n(?![-*\d])|\Z)", start, re.I | re.S)
    assert promise and len(re.findall(r"^\s*(?:[-*]|\d\.) ", promise[1], re.M)) == 3


@each_notebook
def test_links_between_notebooks_lead_somewhere(path):
    for cell in read(path).cells:
        for target in LINK.findall(cell.source):
            assert (path.parent / target).exists(), f"{cell.id} links to {target}"


@each_notebook
def test_the_setup_cell(path):
    first = code_cells(path)[0]
    assert [c.id for c in code_cells(path) if "setup" in tags(c)] == [first.id]
    assert len(first.source.splitlines()) <= SETUP_LINES
    assert not (found := FETCHES.search(first.source)), found[0]


@each_notebook
def test_cells_have_names_and_known_tags(path):
    cells = read(path).cells
    assert len({cell.id for cell in cells}) == len(cells)
    for cell in cells:
        assert re.fullmatch(r"[a-z][a-z0-9-]*", cell.id), cell.id
        drawn = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", cell.id)
        assert not drawn, f"{cell.id}: by hand, please"
        assert tags(cell) <= TAGS, f"{cell.id}: {tags(cell) - TAGS}"


@each_notebook
def test_code_cells_are_short(path):
    long = {c.id: len(c.source.splitlines()) for c in code_cells(path)}
    assert not {name: n for name, n in long.items() if n > CELL_LINES}


@each_notebook
def test_prose_is_short(path):
    total, run, ended = 0, 0, False
    for cell in read(path).cells:
        is_prose = cell.cell_type == "markdown"
        run = run + len(prose(cell)) if is_prose else 0
        total += len(prose(cell)) if is_prose else 0
        if cell.source.startswith("# "):
            run = 0
        ended = ended or "## Summary" in cell.source
        assert ended or run <= RUN_WORDS, f"{run} words of prose in one run, up to {cell.id}"
    assert total <= WORDS, f"{total} words of prose"


@each_notebook
def test_cells_for_cuda_are_leaves(path):
    made = set()
    for cell in code_cells(path):
        names = [node for node in ast.walk(syntax(cell.source)) if isinstance(node, ast.Name)]
        if "gpu" in tags(cell):
            assert "nbval-ignore-output" in tags(cell), f"{cell.id} shows something else on a CPU"
            made |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
        else:
            used = {name.id for name in names if isinstance(name.ctx, ast.Load)}
            assert not used & made, f"{cell.id} uses {used & made} from a gpu cell"


# Lessons: exercises in groups of four, and how they end.


@each_lesson
def test_exercises_come_in_groups_of_four(path):
    cells = read(path).cells
    stubs = [i for i, cell in enumerate(cells) if "exercise" in tags(cell)]
    marked = [cell.id for cell in cells if tags(cell) & {"exercise", "check", "solution"}]
    grouped = [cell.id for i in stubs for cell in cells[i : i + 3]]
    assert stubs and marked == grouped, "stub, check and hints follow one another"
    for i in stubs:
        prompt, stub, check, hints = cells[i - 1 : i + 3]
        name = stub.id.removesuffix("-stub")
        assert [stub.id, check.id, hints.id] == [f"{name}-{x}" for x in ("stub", "check", "hints")]
        kinds = [cell.cell_type for cell in (prompt, stub, check, hints)]
        assert kinds == ["markdown", "code", "code", "markdown"]
        assert [tags(c) & TAGS for c in (check, hints)] == [{"check"}, {"solution"}]
        assert re.search(r"\bminutes?\b", prompt.source), f"{prompt.id}: difficulty and minutes"
        folds = re.findall(r"<summary>(\w+)", hints.source)
        assert folds == ["Hint", "Help", "Solution"], f"{hints.id} folds {folds}"


@each_lesson
def test_one_exercise_is_to_find_a_bug(path):
    cells = read(path).cells
    prompts = [a.source for a, b in zip(cells, cells[1:]) if "exercise" in tags(b)]
    assert any("find the bug" in prompt.lower() for prompt in prompts)


@each_lesson
def test_how_a_lesson_ends(path):
    text = "\n\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    parts = re.split(r"^## (?=Summary|Reading|Six questions)", text, flags=re.M)[1:]
    assert [part.splitlines()[0] for part in parts] == ["Summary", "Reading", "Six questions"]
    summary, reading, questions = parts
    assert 3 <= len(re.findall(r"^[-*] ", summary, re.M)) <= 5
    assert "moe_lesson/" in summary, "the summary names the package file that the lesson built"
    assert re.search(r"§|\b(section|eq|table|appendix)", reading, re.I)
    assert len(re.findall(r"^\d\. ", questions, re.M)) == 6
