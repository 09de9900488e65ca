"""A real browser and the whole suite in a process of its own."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from bench.browser import FLAGS, MISSING, find_chromium
from fashionviz.data.examples import draw
from fashionviz.evaluation.mistakes import confident_mistakes
from fashionviz.evaluation.report import Item, load_items
from fashionviz.models.weights import is_trained, model_folder
from tests.conftest import MODEL, make_weights
from tests.drawn import CONDITIONAL, PLAIN, make_generator
from tests.reports import write_made_up_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0
WAIT_MS = 60_000


def _missing(reason: str) -> None:
    """Skip with the reason; in CI the browser tests must run, so there it is a failure."""
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(f"{reason} Browser tests must run in CI.")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """An installed Chromium, without a window."""
    path = find_chromium()
    if path is None:
        _missing(MISSING)
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        _missing("The package `playwright` is not installed.")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A page of a visitor of its own: no cookies, a desktop's width."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture(scope="session")
def suite_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained default model and two generators, or random weights in their place, and a report of the model."""
    root = tmp_path_factory.mktemp("browser") / "weights"
    if is_trained(MODEL):
        shutil.copytree(model_folder(MODEL), root / MODEL)
    else:
        make_weights(root)
    if not (root / MODEL / "predictions.parquet").exists():
        write_made_up_report(root / MODEL)
    for name in (CONDITIONAL, PLAIN):
        if is_trained(name):
            shutil.copytree(model_folder(name), root / name)
        else:
            make_generator(root, name)
    return root


@pytest.fixture(scope="session")
def suite_mistake(suite_weights: Path) -> Item:
    """The surest mistake of the served model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(suite_weights))
        return confident_mistakes(load_items(MODEL))[0]


@pytest.fixture(scope="session")
def suite_data(suite_mistake: Item, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds a picture of that mistake, drawn."""
    root = tmp_path_factory.mktemp("data")
    out = io.BytesIO()
    Image.fromarray(draw("dress", 2)).save(out, "JPEG")
    (root / "fpi").mkdir()
    rows = {"id": [suite_mistake.id], "image": [{"bytes": out.getvalue(), "path": None}]}
    pq.write_table(pa.table(rows), root / "fpi" / "test-00000-of-00001.parquet")
    return root


@pytest.fixture(scope="session")
def suite_url(
    browser: Browser, suite_weights: Path, suite_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the suite, served as `fashionviz serve` serves it. Needs the browser first, to skip without a wait."""
    folder = tmp_path_factory.mktemp("server")
    environment = {"FASHIONVIZ_WEIGHTS": str(suite_weights), "FASHIONVIZ_DATA": str(suite_data)}
    with _served("from apps.server import serve; serve(port=0)", folder, environment) as address:
        yield address


@pytest.fixture(scope="session")
def find_url(browser: Browser, suite_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a suite with a detector and a catalogue whose answers are known."""
    folder = tmp_path_factory.mktemp("find")
    environment = {"FASHIONVIZ_WEIGHTS": str(folder / "weights"), "FASHIONVIZ_DATA": str(suite_data)}
    with _served("from tests.browser.finding import serve; serve()", folder, environment) as address:
        yield address


@pytest.fixture(scope="session")
def video_url(
    browser: Browser, suite_weights: Path, suite_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of a suite with a detector, a sample video and a catalogue whose answers are known."""
    folder = tmp_path_factory.mktemp("video")
    environment = {"FASHIONVIZ_WEIGHTS": str(suite_weights), "FASHIONVIZ_DATA": str(suite_data)}
    with _served("from tests.browser.watching import serve; serve()", folder, environment) as address:
        yield address


@contextmanager
def _served(code: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run the code in a process of its own until the test is done; the address that it says."""
    log = folder / "server.log"
    own = {"FASHIONVIZ_CACHE": str(folder / "cache"), "FASHIONVIZ_CATALOGUES": str(folder / "catalogues")}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, **environment, **own, "PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server says where it is and answers there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        said = [line for line in log.read_text().splitlines() if line.startswith("fashionviz is at ")]
        if said:
            address = said[0].removeprefix("fashionviz is at ").strip()
            try:
                with urlopen(f"{address}/health/live", timeout=5) as answer:
                    if answer.status == 200:
                        return address
            except (URLError, OSError):
                pass
        time.sleep(0.25)
    raise AssertionError(f"The suite did not start:\n{log.read_text()[-4000:]}")
