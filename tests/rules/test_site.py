"""The site: the pages that tools/build_site.py writes, and the finished site in Chromium.

What the pages are made of is tested everywhere. The live part needs the extras ``site`` and
``browser`` and a Chromium; it builds the site once, with warnings as errors.
"""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.loopback import serving
from tests.rules.source import NOTEBOOKS, ROOT
from tools import build_site

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
BESIDE = ["index", "map", "glossary", "families", "papers", "no_install", "search", "genindex"]
BESIDE += [name.removesuffix(".md") for name in build_site.PAGES]
LESSONS = [f"notebooks/{path.stem}" for path in NOTEBOOKS]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
BY_NIGHT = ["index", "glossary", "families", *(LESSONS[n] for n in (0, 7, 10, 11, 13, 14))]
FENCE = re.compile(r"^[ \t]*```.*?^[ \t]*```", re.M | re.S)
RATIO = 3.0  # of the luminances of text and ground; code colours are chosen for 4.5


# What the pages are made of.


@pytest.mark.parametrize(
    "source, page",
    [
        ("see arXiv:2401.04088.", "see [arXiv:2401.04088](https://arxiv.org/abs/2401.04088)."),
        ("[arXiv:2401.04088](x)", "[arXiv:2401.04088](x)"),
        ("doi:10.1145/35.34: y", "[doi:10.1145/35.34](https://doi.org/10.1145/35.34): y"),
    ],
)
def test_papers_become_links(source, page):
    assert build_site.linked(source) == page


def test_a_folded_answer_on_one_line_gets_room_for_its_formulas():
    source = "1. Why?\n   <details><summary>Answer</summary>As $x$.</details>\n\n2. More."
    wanted = (
        "1. Why?\n   <details><summary>Answer</summary>\n\n   As $x$.\n\n   </details>\n\n2. More."
    )
    assert build_site.opened(source) == wanted
    one_line = source.replace("\n   <details>", " <details>")
    assert build_site.opened(one_line) == wanted.replace("Why?\n", "Why? \n\n")
    open_already = "<details><summary>Hint</summary>\n\nAs $x$.\n\n</details>"
    assert build_site.opened(open_already) == open_already


@pytest.mark.parametrize(
    "link, address, page",
    [
        ("[a](../TEACHING.md#b)", "", "[a](../TEACHING.md#b)"),
        ("[a](07_b.ipynb)", "", "[a](07_b.ipynb)"),
        ("[a](../data/README.md)", "", "a"),
        ("[a](../data/README.md)", "https://x", "[a](https://x/blob/main/data/README.md)"),
        ("[a](https://b.c)", "", "[a](https://b.c)"),
        ("[a](#b)", "", "[a](#b)"),
    ],
)
def test_links_lead_to_a_page_or_to_the_source_or_are_words(link, address, page):
    pages = {"TEACHING.md", "notebooks/07_b.ipynb"}
    found = build_site.relinked(link, Path("notebooks/06_a.ipynb"), pages, address)
    assert found == page


def test_a_link_from_docs_to_a_page_of_the_root_is_found():
    made = build_site.relinked("[a](../B.md)", Path("c.md"), {"B.md"}, "")
    assert made == "[a](B.md)"


@pytest.mark.parametrize(
    "code",
    ["```python\ny += experts[e](x_T[t])\n```", "`e[0](x)`", "``a`[b](c)``", "~~~\n[a](b)\n~~~"],
)
def test_code_holds_no_links(code):
    source = f"arXiv:2401.04088 and [a](b.md)\n\n{code}\n\n[`c`](d.md) arXiv:2401.04088"
    paper = "[arXiv:2401.04088](https://arxiv.org/abs/2401.04088)"
    assert build_site.written(source, Path("x.md"), {"b.md"}, "") == (
        f"{paper} and [a](b.md)\n\n{code}\n\n`c` {paper}"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_stand_on_the_site_as_in_the_lesson(path):
    shown = build_site.lesson(path, set(), "")["cells"]
    for cell, ours in zip(json.loads(path.read_text(encoding="utf-8"))["cells"], shown):
        found = FENCE.findall("".join(ours["source"]))
        assert found == FENCE.findall("".join(cell["source"])), cell["id"]


@pytest.mark.parametrize(
    "printed, tags",
    [
        (["name   loss\n", "one    2.31\n"], ["check", "columns"]),
        (["a   8 B\n"], ["check"]),
        (["Two sentences.\n", "They may  break.\n"], ["check"]),
    ],
)
def test_a_cell_that_prints_columns_is_marked(printed, tags, tmp_path):
    cell = {"cell_type": "code", "metadata": {"tags": ["check"]}, "source": "f()"}
    cell["outputs"] = [{"output_type": "stream", "text": [line]} for line in printed]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    assert build_site.lesson(path, set(), "")["cells"][0]["metadata"]["tags"] == tags


@pytest.mark.parametrize(
    "names, said",
    [
        ("Jacobs, Robert A.", "Robert A. Jacobs"),
        ("A, B and C, D and DeepSeek-AI", "B A, D C and DeepSeek-AI"),
        ("A, B and C, D and E, F and G, H and I, J", "B A, D C, F E and others"),
        ("A, B and C, D and E, F and others", "B A, D C, F E and others"),
    ],
)
def test_authors_are_named_as_they_are_said(names, said):
    assert build_site.authors(names.split(" and ")) == said


def test_the_sheet_of_families_is_made_of_the_record():
    small = {"name": "A", "year": 2020, "num_experts": 8, "top_k": 2, "layers": 3, "mark": "read"}
    small |= {"official": {"total": "9"}, "recomputed": {"active": "2"}, "source": "B"}
    other = {"name": "C", "year": 2021, "mark": "second-hand", "missing": "its width"}
    other |= {"official": {"active": "5"}, "source": "arXiv:2401.04088"}
    idea = {"year": 1991, "idea": "one", "source": "arXiv:2401.04088"}
    page = build_site.families({"models": [small, other], "ideas": [idea]})
    paper = "[arXiv:2401.04088](https://arxiv.org/abs/2401.04088)"
    assert "| A | 2020 | 3 |  | 8 | 2 | 9 | *2* |" in page and "\n- A: B\n" in page
    assert "| C | 2021 |  |  |  |  |  | 5 |" in page
    assert f"\n- C: {paper} (second-hand); its width\n" in page
    assert f"| 1991 | one | {paper} |" in page


def test_the_glossary_has_every_term_in_five_languages():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line[:2] == "| "]
    for size in (3, 5):
        words = [row[0] for row in rows if len(row) == size][1:]
        assert len(words) > 20 and words == sorted(words) and len(words) == len(set(words))
    assert {len(row) for row in rows} == {3, 5} and all(all(row) for row in rows)


# The finished site.


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the site and return the folder of its pages."""
    if not find_spec("sphinx_book_theme"):
        pytest.skip('needs the extra "site"')
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, ROOT / "tools" / "build_site.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def site(built):
    """Serve the site, and return its address."""
    if not find_spec("playwright"):
        pytest.skip('needs the extra "browser"')
    if CHROMIUM is None:
        pytest.skip("needs Chromium, which is not on this machine")
    handler = functools.partial(Quiet, directory=built)
    with serving(handler) as server:
        yield f"http://127.0.0.1:{server.server_port}"


class Links(HTMLParser):
    """What a page leads to, and the names of its places."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.places = set(), {"", "top"}
        self.feed(text)

    def handle_starttag(self, _, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.targets.add(value)
            elif name in ("id", "name"):
                self.places.add(value)


@pytest.mark.slow
def test_every_link_leads_to_a_file_and_a_place_of_the_site(built):
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}
    pages = {path: links for path, links in pages.items() if "_static" not in path.parts}
    assert {path.relative_to(built).as_posix()[:-5] for path in pages} == {*LESSONS, *BESIDE}
    for path, links in pages.items():
        for target in links.targets:
            where = urlsplit(target)
            if not where.scheme:
                file = Path(os.path.normpath(path.parent / unquote(where.path)))
                file = file if where.path else path
                assert file.is_file(), f"{path.name}: no file {target}"
                places = pages[file].places if file in pages else {where.fragment}
                assert unquote(where.fragment) in places, f"{path.name}: no place {target}"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def browser(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        yield driver.chromium.launch(executable_path=CHROMIUM, args=flags)


@pytest.fixture
def visit(site, browser):
    """Return a function that opens a page; at the end no error and no other host was seen."""
    said, asked, opened = [], [], []

    def open_page(name, size=DESK, scheme="light"):
        page = browser.new_page(viewport=size, color_scheme=scheme)
        opened.append(page)
        page.set_default_timeout(240_000)  # a crowded machine takes a minute for a page
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda line: line.type == "error" and said.append(line.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site}/{name}.html")
        if page.locator(".math").count():
            page.wait_for_function("window.MathJax?.startup?.promise")
            page.evaluate("MathJax.startup.promise")
        return page

    yield open_page
    for page in opened:
        page.close()
    assert not said
    assert not [url for url in asked if not url.startswith((site, "data:", "blob:"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_in_the_browser(name, visit):
    page = visit(name)
    assert page.locator("article h1").count() == 1
    unset = "[...document.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container'))"
    assert page.evaluate(f"{unset}.map(m => m.innerText)") == []
    mute = "[...document.querySelectorAll('article img')].filter(i => i.alt.trim().length < 10)"
    assert page.evaluate(f"{mute}.map(i => i.outerHTML.slice(0, 90))") == []
    assert page.locator("article img").count() or page.locator(".cell_output").count()
    raw = page.evaluate(RAW)
    assert not raw, f"dollars or marks of Markdown that nothing has set: {raw}"
    open_every_fold(page)
    page.set_viewport_size(PHONE)
    assert page.evaluate(WIDE) == [], "on a phone the page scrolls sideways"
    assert page.evaluate(TORN) == [], "a name in a table is torn apart"
    assert page.evaluate(BROKEN) == [], "lines of a printed table are broken"


# Text of answers and paragraphs in which formulas or code were left as they are written.
RAW = r"""[...document.querySelectorAll('article p, article details, article li')].flatMap(part =>
    [...part.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent)
    ).filter(text => /\$[^$\n]+\$|`[^`\n]+`/.test(text))"""
# What sticks out of the page without a box of its own that scrolls.
WIDE = """(() => {
    const screen = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= screen) return [];
    return [...document.querySelectorAll('article *')].filter(
        part => part.getBoundingClientRect().right > screen + 1
    ).slice(0, 5).map(part => part.outerHTML.slice(0, 90));
})()"""

# Links and code in tables of which one word stands on two lines.
TORN = r"""[...document.querySelectorAll('article td :is(a, code)')].flatMap(part => {
    const walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), torn = [];
    while (walk.nextNode()) for (const word of walk.currentNode.data.matchAll(/\w+/g)) {
        const range = document.createRange();
        range.setStart(walk.currentNode, word.index);
        range.setEnd(walk.currentNode, word.index + word[0].length);
        const tops = [...range.getClientRects()].map(box => Math.round(box.top));
        if (new Set(tops).size > 1) torn.push(word[0]);
    }
    return torn;
})"""
# Printed tables that are higher than their lines.
BROKEN = r"""[...document.querySelectorAll('.tag_columns .output.stream pre')].filter(part => {
    const style = getComputedStyle(part), lines = part.textContent.trimEnd().split('\n').length;
    const room = part.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    return room > (lines + 1) * parseFloat(style.lineHeight);
}).map(part => part.textContent.slice(0, 90))"""


def open_every_fold(page):
    """Click every summary, and demand that what it hides is seen."""
    closed = page.locator("article details:not([open]) > summary")
    total = closed.count()
    page.evaluate("document.querySelectorAll('article details > summary').forEach(s => s.click())")
    assert total and closed.count() == 0
    hidden = "[...document.querySelectorAll('article details')].filter(d => d.offsetHeight < 40)"
    assert page.evaluate(f"{hidden}.map(d => d.innerText)") == []


@pytest.mark.slow
@pytest.mark.parametrize("name", BESIDE)
def test_a_page_beside_the_lessons(name, visit):
    page = visit(name, PHONE)
    assert page.locator("h1").count() >= 1
    assert page.evaluate(WIDE) == [], "on a phone the page scrolls sideways"
    assert page.evaluate(TORN) == [], "a name in a table is torn apart"


@pytest.mark.slow
def test_every_page_is_listed_here(site, visit):
    page = visit("index")
    links = page.locator(".bd-sidebar-primary a.reference.internal")
    names = {link.get_attribute("href").removesuffix(".html") for link in links.all()} - {"#"}
    assert names == {*LESSONS, *BESIDE} - {"index", "search", "genindex"}


@pytest.mark.slow
def test_search_finds_a_word_of_lesson_07(visit):
    page = visit("search")
    page.goto(page.url + "?q=placement")
    found = page.locator("#search-results li a", has_text="07")
    found.first.wait_for()
    assert "07_experts_on_many_devices" in found.first.get_attribute("href")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", BY_NIGHT)
def test_text_can_be_read_by_day_and_by_night(name, scheme, visit):
    page = visit(name, scheme=scheme)
    page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    assert page.evaluate(FAINT, RATIO) == []


# Texts whose colour is too near that of what lies behind them (WCAG's contrast).
FAINT = r"""least => {
    const parts = colour => colour.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
        v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
    ).reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = node => {
        for (; node; node = node.parentElement) {
            const ground = parts(getComputedStyle(node).backgroundColor);
            if (ground.length < 4 || ground[3] > 0.5) return ground;
        }
        return [255, 255, 255];
    };
    const seen = [...document.querySelectorAll('article *')].filter(node =>
        node.offsetParent && [...node.childNodes].some(
            inner => inner.nodeType === 3 && inner.textContent.trim()) &&
        !node.closest('mjx-container, .headerlink'));
    return seen.map(node => {
        const [a, b] = [parts(getComputedStyle(node).color), behind(node)].map(light);
        return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node];
    }).filter(([ratio]) => ratio < least).slice(0, 6).map(
        ([ratio, node]) => `${ratio.toFixed(2)} ${node.outerHTML.slice(0, 100)}`);
}"""
