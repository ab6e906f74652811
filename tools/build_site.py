"""Build the site: every notebook with its saved outputs, and the pages around them.

    python tools/build_site.py               into build/site/html
    python tools/build_site.py FOLDER        into FOLDER/html

Nothing is executed, and the finished pages ask nothing of another host. Where git knows an
address on GitHub (remote "origin"), pages have launch links and a link to their source.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import files as installed_files
from pathlib import Path

import moe_lesson

ROOT = Path(__file__).resolve().parent.parent
# Pages that stand in the root, too.
PAGES = ("TEACHING.md", "CONTRIBUTING.md", "CHANGELOG.md", "ERRATA.md")
NUMBER = r"\d{4}\.\d{4,5}"
ARXIV = re.compile(rf"(?<!\[)\barXiv:({NUMBER})(?!\]\()")
DOI = re.compile(r"(?<!\[)\bdoi:(10\.\d{4,}/[\w.()/-]*\w)(?!\]\()")
# A folded answer on the line of its summary: what follows <details> there is not Markdown.
ANSWER = re.compile(
    r"^(?P<in>[ \t]*)(?P<before>.*?)(?P<open><details><summary>[^<]*</summary>)"
    r"(?P<text>[^\n]+?)</details>",
    re.M,
)
# Code in a fence or between ticks, in which nothing is a link: experts[e](x) is none.
CODE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,}).*?^[ \t]*(?P=fence)[ \t]*$"
    r"|(?<!`)(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)",
    re.M | re.S,
)
# Printed lines with columns below each other; a break within them would undo the table.
COLUMNS = re.compile(r"\S {2,}\S.*\n.*\S {2,}\S")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)")
ENTRY = re.compile(r"@(\w+)\{([^,]+),\n(.*?)\n\}", re.S)
FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", re.M)
ADDRESS = re.compile(r"(?:https://|git@|ssh://git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def repository():
    """Return the address on GitHub of the clone's origin, "" if there is none."""
    command = ["git", "-C", str(ROOT), "remote", "get-url", "origin"]
    try:
        told = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""
    found = ADDRESS.match(told)
    return f"https://github.com/{found[1]}" if found else ""


def linked(text):
    """Turn each paper's number into a link."""
    text = ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", text)
    return DOI.sub(r"[doi:\1](https://doi.org/\1)", text)


def opened(text):
    """Give folded answers the empty lines without which formulas and code stay raw."""

    def apart(found):
        inside = re.match(r"[ \t]*(?:(?:\d+\.|[-*])[ \t]+)?", found["in"] + found["before"])
        margin = " " * len(inside[0])
        before = found["in"] + found["before"]
        lead = f"{before}\n\n{margin}" if found["before"].strip() else before
        return f"{lead}{found['open']}\n\n{margin}{found['text']}\n\n{margin}</details>"

    return ANSWER.sub(apart, text)


def relinked(text, page, pages, address):
    """Lead links to what is no page to its source on GitHub, or leave their words alone."""

    def target(found):
        inside = os.path.normpath(page.parent / found[1]).replace(os.sep, "/")
        inside = inside.removeprefix("../")
        if inside in pages or (page.parent / found[1]).as_posix() in pages:
            return f"]({os.path.relpath(inside, page.parent)}{found[2] or ''})"
        return f"]({address}/blob/main/{inside})" if address else "](#)"

    return re.sub(r"\[([^\]]*)\]\(#\)", r"\1", LINK.sub(target, text))


def written(text, page, pages, address):
    """Return a page's Markdown as the site needs it; its code stays as it is."""
    text, code = opened(text), []

    def hidden(found):
        code.append(found[0])
        return f"\0{len(code) - 1}\0"

    text = relinked(linked(CODE.sub(hidden, text)), page, pages, address)
    return re.sub("\0(\\d+)\0", lambda found: code[int(found[1])], text)


def lesson(path, pages, address):
    """Return a notebook as the site needs it: its prose, and a tag where it prints columns."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    for cell in saved["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            cell["source"] = written(text, Path("notebooks", path.name), pages, address)
            continue
        printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        if COLUMNS.search(printed):
            cell["metadata"]["tags"] = [*cell["metadata"].get("tags", []), "columns"]
    return saved


def authors(names):
    """Return names as they are said, "Last, First" turned round; three and the rest of many."""
    said = [" ".join(reversed(name.split(", "))) for name in names]
    if "others" in said or len(said) > 4:
        return ", ".join(said[:3]) + " and others"
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def bibliography(text):
    """Return references.bib as a page: papers by year, each with its link."""
    papers = []
    for _, key, body in ENTRY.findall(text):
        entry = {name: re.sub(r"[{}]", "", value) for name, value in FIELD.findall(body)}
        who = authors(entry["author"].split(" and "))
        place = entry.get("journal") or entry.get("booktitle", "")
        where = f"*{place}*. " if place and "arXiv" not in place else ""
        if "eprint" in entry:
            where += f"arXiv:{entry['eprint']}"
        elif "doi" in entry:
            where += f"doi:{entry['doi']}"
        papers.append((entry["year"], key, f"- {who}, {entry['year']}. {entry['title']}. {where}"))
    lines = [linked(line) for _, _, line in sorted(papers)]
    head = "# The papers\n\nWhat the lessons cite, oldest first; `references.bib` holds the same."
    return f"{head}\n\n" + "\n".join(lines) + "\n"


def lesson_map(readme):
    """Return the section of README that lists the lessons, as a page."""
    section = re.search(r"^## The lessons\n(.*?)^## ", readme, re.S | re.M)[1]
    return f"# The map of the lessons\n{section}"


def table(rows):
    """Return rows, the first of which is the head, as a Markdown table."""
    head, *rest = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rest])


def families(record):
    """Return data/models.json as a sheet of two pages: sizes, then the ideas by year."""
    sizes = [["model", "year", "layers", "width", "experts", "per token", "total", "active"]]
    for model in record["models"]:
        shape = [model.get(name, "") for name in ("layers", "dim", "num_experts", "top_k")]
        counts = [count(model, name) for name in ("total", "active")]
        sizes.append([model["name"], model["year"], *shape, *counts])
    ideas = [["year", "idea", "source"]]
    ideas += [[idea["year"], idea["idea"], linked(idea["source"])] for idea in record["ideas"]]
    return "\n\n".join(
        [
            "# The families on two pages",
            "Total and active parameters in billions, as their makers say them, or *recomputed* "
            "where these say nothing; a cell is empty where our sources do not say. "
            "[Lesson 14](notebooks/14_beyond_mixtral.ipynb) counts them.",
            "## Sizes",
            table(sizes),
            "## Ideas",
            table(ideas),
            "## Sources",
            "\n".join(map(origin, record["models"])) + "\n",
        ]
    )


def count(model, name):
    """Return a model's official count, else ours in italics, else nothing."""
    ours = model.get("recomputed", {}).get(name)
    return model.get("official", {}).get(name) or (f"*{ours}*" if ours else "")


def origin(model):
    """Return a model's source as a line: how it was read, and what it does not say."""
    known = "" if model["mark"] == "read" else f" ({model['mark']})"
    missing = f"; {model['missing']}" if "missing" in model else ""
    return f"- {model['name']}: {linked(model['source'])}{known}{missing}"


def gathered(folder, address):
    """Write all pages into a folder, from which Sphinx builds."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    for name in PAGES:
        if (ROOT / name).exists():
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
    texts["map.md"] = lesson_map((ROOT / "README.md").read_text(encoding="utf-8"))
    texts["papers.md"] = bibliography((ROOT / "references.bib").read_text(encoding="utf-8"))
    models = ROOT / "data" / "models.json"
    if models.exists():
        texts["families.md"] = families(json.loads(models.read_text(encoding="utf-8")))
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    pages = {*texts, *(f"notebooks/{path.name}" for path in notebooks), "readme.png"}
    texts["index.md"] += contents(texts, notebooks)
    for name, text in texts.items():
        done = written(text, Path(name), pages, address)
        (folder / name).write_text(done, encoding="utf-8", newline="\n")
    (folder / "notebooks").mkdir()
    for path in notebooks:
        done = json.dumps(lesson(path, pages, address))
        (folder / "notebooks" / path.name).write_text(done, encoding="utf-8")
    shutil.copy(ROOT / "docs" / "conf.py", folder)
    shutil.copytree(ROOT / "docs" / "static", folder / "static")
    shutil.copy(mathjax(), folder / "static")
    shutil.copy(ROOT / "data" / "figures" / "readme.png", folder)


def contents(texts, notebooks):
    """Return the site's contents for Sphinx: the lessons, then what stands beside them."""
    lessons = ["map", *(f"notebooks/{path.stem}" for path in notebooks)]
    beside = ["glossary", "families", "papers", "no_install"]
    beside += [name.removesuffix(".md") for name in PAGES]
    parts = {"Lessons": lessons, "Beside them": [one for one in beside if f"{one}.md" in texts]}
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```\n"
        for caption, names in parts.items()
    )


def mathjax():
    """Return the path of the one file that sets formulas, from the package that brings it."""
    for path in installed_files("sphinx-mathjax-offline"):
        if path.name == "tex-svg.js":
            return path.locate()
    raise FileNotFoundError("sphinx-mathjax-offline is here without its tex-svg.js")


def build(folder):
    """Gather the pages and let Sphinx build them; return its exit code, 1 after any warning."""
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    source.mkdir(parents=True)
    address = repository()
    gathered(source, address)
    settings = {"MOE_SITE_VERSION": moe_lesson.__version__, "MOE_SITE_REPOSITORY": address}
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += [str(source), str(folder / "html")]
    return subprocess.run(command, env=os.environ | settings).returncode


def main():
    """Build the site into the folder that the command line names."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    code = build(folder.resolve())
    if not code:
        print(f"open {folder / 'html' / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
