"""Every notebook with widgets, in JupyterLab in a real browser: run all, move, look.

One JupyterLab serves copies of the notebooks. In each notebook all cells run at the quick
preset; then the first slider of each widget is moved by keyboard, and its picture and its
spoken sentence must follow. Nothing may be asked of another host.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from tests.rules.source import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason='needs the extra "browser"')
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not on this machine"),
]

FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync""".split()
# No news over the notebook, and every cell in the page rather than only those in view.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
# Run-all before the session is ready would open a dialog that nobody answers.
RUN_ALL = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const context = app.shell.currentWidget.context;
    await context.ready;
    await context.sessionContext.ready;
    while (context.sessionContext.session?.kernel?.status !== 'idle')
        await new Promise(resolve => setTimeout(resolve, 100));
    app.commands.execute('notebook:run-all-cells').then(() => { window.allRan = true; });
}"""
SHOWN = """cell => [...cell.querySelectorAll('.jupyter-widgets img, [role=status]')]
    .map(node => node.src || node.innerText).join()"""


def has_widget(cell):
    return "widget" in cell.metadata.get("tags", [])


def widget_cells(path):
    """Return the places of a notebook's widget cells."""
    cells = nbformat.read(path, as_version=4).cells
    return [place for place, cell in enumerate(cells) if has_widget(cell)]


NOTEBOOKS = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if widget_cells(path)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve copies of the notebooks with settings of its own, and yield the address."""
    home, folder = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("notebooks")
    for path in NOTEBOOKS:
        shutil.copy(path, folder)
    for name, values in SETTINGS.items():
        file = home / "SETTINGS" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    environment = os.environ | {"MOE_PRESET": "quick"}
    environment.pop("MOE_STATIC", None)
    for name in ("CONFIG", "DATA", "RUNTIME"):
        environment[f"JUPYTER_{name}_DIR"] = str(home / name)
    for name in ("SETTINGS", "WORKSPACES"):
        environment[f"JUPYTERLAB_{name}_DIR"] = str(home / name)
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--port-retries=0"]
    command += ["--IdentityProvider.token=t", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]  # as window.jupyterapp, for RUN_ALL
    with open(home / "log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api/status?token=t", home / "log")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address, log, seconds=90):
    """Wait until an address answers; show the server's log if it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_widgets_follow_the_keyboard(path, lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1200})
    errors, asked = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{lab}/doc/tree/{path.name}?token=t&reset")
    page.wait_for_selector(".jp-Notebook")
    page.evaluate(RUN_ALL)
    page.wait_for_function("window.allRan", timeout=900_000)
    for place in widget_cells(path):
        move_first_slider(page, page.locator(".jp-Notebook .jp-Cell").nth(place))
    assert "Error displaying widget" not in page.content()
    assert not errors
    assert not [url for url in asked if not url.startswith((lab, "data:", "blob:"))]
    page.close()


def move_first_slider(page, cell):
    """Press an arrow on the first slider of a cell; its picture and sentence must change."""
    handle = cell.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    before, value = cell.evaluate(SHOWN), handle.get_attribute("aria-valuenow")
    assert before, "the widget shows neither a picture nor a sentence"
    for key in ("ArrowRight", "ArrowLeft"):  # the second if it stands at its right end
        handle.focus()
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        if handle.get_attribute("aria-valuenow") != value:
            break
    changed = f"([cell, before]) => ({SHOWN})(cell) !== before"
    page.wait_for_function(changed, arg=[cell.element_handle(), before], timeout=20_000)
