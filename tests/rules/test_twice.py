"""A notebook runs twice in one kernel, from any folder and under any style of figures."""

import os
import subprocess
import sys

import pytest

from tests.rules.source import ROOT

# One process is one kernel. A cell that is meant to fail has the tag for it.
KERNEL = """
import json, sys
import matplotlib.style
from IPython.core.interactiveshell import InteractiveShell

matplotlib.style.use(["dark_background", {"text.usetex": True, "figure.max_open_warning": 0}])
style = dict(matplotlib.rcParams)
shell = InteractiveShell.instance()
cells = [cell for cell in json.load(open(sys.argv[1]))["cells"] if cell["cell_type"] == "code"]
for turn in ("first", "second"):
    for number, cell in enumerate(cells, 1):
        done = shell.run_cell("".join(cell["source"]))
        meant = "raises-exception" in cell["metadata"].get("tags", [])
        error = done.error_in_exec or done.error_before_exec
        assert done.success != meant, f"{turn} run, code cell {number}: {error!r}"
changed = [name for name in style if matplotlib.rcParams[name] != style[name]]
assert not changed, f"the reader's style changed: {changed}"
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", ["00", "08"])
def test_a_notebook_runs_twice_from_any_folder_under_any_style(number, tmp_path):
    (notebook,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    settings = {"MOE_STATIC": "1", "MOE_PRESET": "quick", "MPLBACKEND": "svg"}
    run = subprocess.run(
        [sys.executable, "-c", KERNEL, notebook],
        cwd=tmp_path,
        env=os.environ | settings | {"IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    assert sorted(path.name for path in tmp_path.iterdir()) in ([], ["ipython"])
