"""Execute notebooks from top to bottom and save each in its one normal form.

    python tools/notebooks.py                     every notebook, where it changed
    python tools/notebooks.py notebooks/08*.ipynb these
    python tools/notebooks.py --check             change nothing; exit 1 if one would change
    python tools/notebooks.py --fresh             save new outputs of cells that vary, too

The kernel sees ``MOE_STATIC=1``, so that a widget leaves a figure behind,
and no ``MOE_PRESET``: the saved outputs are those of the default preset.

A saved figure's alternative text is its caption: the sentence in italics with which the next
markdown cell begins. The kernel cannot know it, and says the figure's title and its axes.

A cell tagged ``nbval-ignore-output`` may show other numbers each time (seconds, mostly). A
notebook in which nothing else differs is left as it is, so that a second run changes no byte.
"""

import argparse
import base64
import difflib
import html
import os
import re
import struct
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default

from moe_lesson.study.figures.frame import stacked

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS_PER_CELL = 1200
KEPT_CELL_METADATA = ("deletable", "editable", "nbgrader", "slideshow", "tags")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
VARYING = (
    (re.compile(r"0x[0-9a-fA-F]{6,16}"), "0xADDRESS"),
    (re.compile(r"\S*ipykernel_\d+/\d+\.py"), "CELL.py"),
)
# A picture in a page, as text: its letters are no address, though "0x4dB937" may be among them.
PICTURE = re.compile(r"(data:[\w/.+-]+;base64,[A-Za-z0-9+/=]*)")
# A figure's page is one picture and nothing else: a widget has words of its own.
FIGURE = re.compile(r'<img alt="[^"]*"(?= [^>]*>\Z)')
CAPTION = re.compile(r"(?:<details><summary>.*?</summary>\s*)?\*(?!\*)(.+?)(?<!\*)\*(?!\*)", re.S)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class KernelOfThisPython(AsyncKernelManager):
    """Start kernels with the interpreter that runs this, whatever else is installed."""

    @default("kernel_spec_manager")
    def _no_folders_to_look_in(self):
        return KernelSpecManager(kernel_dirs=[])


def execute(path):
    """Run a notebook in its own folder with a fresh kernel, and return it."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=KernelOfThisPython,
        extra_arguments=["--log-level=40"],  # or each kernel warns of the transport it uses
        timeout=SECONDS_PER_CELL,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
    ).execute()
    return notebook


def normalise(notebook):
    """Remove from an executed notebook, in place, what differs from run to run."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    count = 0
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            count += bool(cell.source.strip())
            cell.execution_count = count if cell.source.strip() else None
            for output in cell.outputs:
                _normalise_output(output, cell.execution_count)
    return describe(notebook)


def captions(cells):
    """Yield each cell with the caption below it, in plain words: "" if there is none."""
    for place, cell in enumerate(cells):
        below = next((one for one in cells[place + 1 :] if one.cell_type == "markdown"), None)
        found = CAPTION.match(below.source) if below else None
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`$]", r"\1", found[1]) if found else ""
        yield cell, " ".join(words.split())


def describe(notebook):
    """Write into each figure, in place, the caption below it as its alternative text."""
    for cell, caption in captions(notebook.cells):
        shown = [one.data for one in cell.get("outputs", []) if "data" in one]
        figures = [data for data in shown if FIGURE.match(data.get("text/html", ""))]
        for number, data in enumerate(figures if caption else [], start=1):
            which = f" ({number} of {len(figures)})" if len(figures) > 1 else ""
            alt = f'<img alt="{html.escape(caption + which)}"'
            data["text/html"] = FIGURE.sub(lambda _, alt=alt: alt, data["text/html"])
    return notebook


def _normalise_output(output, count):
    """Remove what varies from one output, in place."""
    output.pop("transient", None)
    if "metadata" in output:
        output.metadata = nbformat.from_dict({})
    if output.output_type == "execute_result":
        output.execution_count = count
    if "text" in output:
        output.text = _scrub(output.text)
    data = output.get("data", {})
    data.pop(WIDGET, None)  # names a model that lives in a kernel long gone
    if "<img " in data.get("text/html", ""):
        data.pop("image/png", None)  # a widget's pictures once more, and without their words
    for kind, value in data.items():
        if kind == "image/png":
            # With 64 colours a figure takes a third of the bytes.
            png = bare_png(stacked([base64.b64decode(value)]))
            data[kind] = base64.b64encode(png).decode() + "\n"
        elif kind.startswith("text/"):
            data[kind] = _scrub(value)


def _scrub(text):
    """Replace memory addresses and the names of a kernel's temporary files, not in pictures."""
    parts = PICTURE.split(text)  # words, picture, words, ...
    for pattern, replacement in VARYING:
        parts[::2] = [pattern.sub(replacement, words) for words in parts[::2]]
    return "".join(parts)


def bare_png(png):
    """Return a PNG without its text chunks, in which the drawing library writes its version."""
    chunks, at = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        end = at + 12 + length  # length, kind and checksum take four bytes each
        if png[at + 4 : at + 8] not in (b"tEXt", b"iTXt", b"zTXt", b"tIME"):
            chunks.append(png[at:end])
        at = end
    return b"".join(chunks)


def without_varying(notebook):
    """Return a notebook's text with the outputs of the cells that may vary left out."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
    return to_text(copy)


def to_text(notebook):
    """Return the text of a notebook's file."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def rebuild(path, check=False, fresh=False):
    """Execute one notebook, save it unless ``check``, and return what happened in a word."""
    before = path.read_text(encoding="utf-8")
    notebook = normalise(execute(path))
    after = to_text(notebook)
    stored = nbformat.reads(before, as_version=4)
    if after == before or not fresh and without_varying(notebook) == without_varying(stored):
        return "unchanged"
    if check:
        difference = difflib.unified_diff(
            before.splitlines(), after.splitlines(), "saved", "executed", n=1, lineterm=""
        )
        print(*(line[:120] for line in difference), sep="\n")
        return "would change"
    path.write_text(after, encoding="utf-8", newline="\n")
    return "saved"


def main():
    """Rebuild the notebooks that the command line names, or all; exit 1 on any failure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every one")
    parser.add_argument("--check", action="store_true", help="only report what would change")
    parser.add_argument("--fresh", action="store_true", help="save outputs that vary as well")
    arguments = parser.parse_args()
    os.environ["MOE_STATIC"] = "1"
    os.environ.pop("MOE_PRESET", None)
    results = []
    for path in arguments.notebooks or sorted(FOLDER.glob("*.ipynb")):
        start = time.perf_counter()
        try:
            results.append(rebuild(path, arguments.check, arguments.fresh))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(error)
            results.append("failed")
        print(f"{path.name}: {results[-1]}, {time.perf_counter() - start:.0f} s", flush=True)
    return 1 if {"failed", "would change"} & set(results) else 0


if __name__ == "__main__":
    sys.exit(main())
