"""Numbers in findings are printed: a rerun that changes a figure fails until the sentence changes.

Findings are a markdown cell whose id holds ``found``, ``findings`` or ``summary``, and what
stands under "## Summary" in any other. Each number in them that looks measured (with a decimal
point, a percent sign, or three digits and more) must stand, digit for digit, in the saved text
outputs of the notebook. What comes from elsewhere is listed in the cell, with its source:
``<!-- not measured here: 14.1 26.4, the paper's Table 5 -->``.
"""

import re

import nbformat
import pytest

from tests.rules.source import NOTEBOOKS

FINDINGS = re.compile("found|findings|summary")
ELSEWHERE = re.compile(r"<!-- not measured here:(.*?)-->", re.DOTALL)
IMAGE = re.compile(r"<img [^>]*>")  # its alternative text is the caption again
NO_PROSE = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|arXiv:[\d.]+|<[^>]*>", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
SUMMARY = re.compile(r"^## Summary\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def numbers(text):
    """Return the numbers of a text, without the commas of thousands."""
    return {found.rstrip(",").replace(",", "") for found in NUMBER.findall(text)}


def measured(text):
    """Return the numbers of a sentence that look measured."""
    percents = numbers(" ".join(re.findall(r"[\d,.]+(?=(?: to [\d,.]+)?\s?%)", text)))
    return {n for n in numbers(text) if "." in n or n in percents or len(n) > 2} - {"100", "0"}


def printed(cells):
    """Return all numbers in the text outputs of cells."""
    found = set()
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            texts = [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
            for text in texts:
                found |= numbers(IMAGE.sub("", text))
    return found


def years(text):
    """Return the numbers of a text that are years."""
    return {n for n in numbers(text) if re.fullmatch(r"(19|20)\d\d", n)}


def findings(cell):
    """Return what a cell finds: all of it, its summary, or nothing."""
    if cell.cell_type != "markdown":
        return ""
    if FINDINGS.search(cell.id):
        return cell.source
    return " ".join(SUMMARY.findall(cell.source))


def missing(text, known):
    """Return the numbers of findings that no output holds."""
    listed = numbers(" ".join(ELSEWHERE.findall(text)))
    prose = NO_PROSE.sub(" ", ELSEWHERE.sub(" ", text))
    return sorted(measured(prose) - known - listed - years(prose))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_numbers_in_findings_are_printed(path):
    cells = nbformat.read(path, as_version=4).cells
    known = printed(cells)
    wrong = {cell.id: gone for cell in cells if (gone := missing(findings(cell), known))}
    assert not wrong, f"{path.name}: no output prints what these cells say: {wrong}"


@pytest.mark.parametrize(
    "source, gone",
    [
        ("It keeps 0.25 bits, 12 % and 1,234 tokens.", ["0.25", "12", "1234"]),
        ("Three of 8 experts in 1991 (arXiv:2401.04088).", []),
        ("Mixtral has 14.1 %. <!-- not measured here: 14.1, Table 5 -->", []),
        ("It lies between 3 and 7 %, or 3 to 7 %.", ["3", "7"]),
    ],
)
def test_what_looks_measured_is_asked_for(source, gone):
    assert missing(source, set()) == gone


def test_a_printed_number_is_known():
    code = nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("stream", text="1,234")])
    assert missing("It reads 1,234 tokens.", printed([code])) == []


@pytest.mark.parametrize(
    "name, found", [("race-findings", "all of it"), ("close", "\n- 0.5\n\n"), ("other", "")]
)
def test_a_summary_is_found_in_a_cell_of_any_name(name, found):
    close = "# No\n## Summary\n\n- 0.5\n\n## Reading\n7.5"
    source = {"race-findings": "all of it", "close": close}
    cell = nbformat.v4.new_markdown_cell(source.get(name, "1.5"), id=name)
    assert findings(cell) == found
