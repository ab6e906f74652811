"""Papers, versions and how to cite: one entry for each number, one version for all."""

import re

import nbformat
import pytest
import yaml

import moe_lesson
from tests.rules.source import NOTEBOOKS, ROOT
from tools.build_site import ENTRY, FIELD, NUMBER, bibliography

BIB = (ROOT / "references.bib").read_text(encoding="utf-8")
PAPERS = {key: dict(FIELD.findall(body)) for _, key, body in ENTRY.findall(BIB)}
CITED = re.compile(rf"arxiv(?::|\.org/abs/)({NUMBER})", re.I)
DOI = re.compile(r"\bdoi(?::|\.org/)(10\.\d{4,}/[\w./]*\w)", re.I)


def cited(path):
    """Return the numbers that a notebook's text, or a Markdown file, cites."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells)
    return set(CITED.findall(text)) | set(DOI.findall(text))


@pytest.mark.parametrize("path", [*NOTEBOOKS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_each_paper_that_is_cited_has_its_entry(path):
    known = {paper.get("eprint") or paper.get("doi") for paper in PAPERS.values()}
    known |= {paper["doi"] for paper in PAPERS.values() if "doi" in paper}
    assert not cited(path) - known, "give it an entry in references.bib"


def test_entries_are_whole_and_there_once():
    assert len(ENTRY.findall(BIB)) == len(PAPERS) == BIB.count("\n@") + 1
    for key, paper in PAPERS.items():
        assert {"author", "title", "year"} <= set(paper), key
        assert {"eprint", "doi"} & set(paper), f"{key}: a number of arXiv, or a doi"
        assert BIB.count("{") == BIB.count("}")
    numbers = [paper["eprint"] for paper in PAPERS.values() if "eprint" in paper]
    assert len(numbers) == len(set(numbers))
    assert all(re.fullmatch(NUMBER, number) for number in numbers)


@pytest.mark.parametrize("key", PAPERS)
def test_a_paper_is_no_younger_than_its_year(key):
    paper = PAPERS[key]
    if "eprint" in paper:
        assert int(paper["year"]) == 2000 + int(paper["eprint"][:2])


def test_the_bibliography_shows_every_paper():
    page = bibliography(BIB)
    assert page.count("\n- ") == len(PAPERS)
    first = "Robert A. Jacobs, Michael I. Jordan, Steven J. Nowlan and Geoffrey E. Hinton, 1991."
    assert first in page


def test_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", changes, re.M)[1]
    assert citation["version"] == newest == moe_lesson.__version__
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert {"message", "title", "authors", "license"} <= set(citation)


def test_readme_says_how_to_cite():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "CITATION.cff" in readme and "references.bib" in readme
