"""Take the README's screenshots of the running suite: `python -m bench.screenshot`.

Starts the suite on a free port, drives it in an installed Chromium with drawn example pictures, and writes
``docs/images/*.png``.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bench.browser import FLAGS, MISSING, find_chromium
from fashionviz.data.examples import draw

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "images"


def start() -> tuple[subprocess.Popen[str], str]:
    """The suite on a free port, and its address once it answers."""
    code = "from apps.server import serve; serve(port=0)"
    process = subprocess.Popen([sys.executable, "-u", "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"fashionviz is at (http://\S+)", line):
            return process, found[1]
    raise SystemExit("The suite did not start.")


def photo(kind: str, seed: int) -> dict[str, object]:
    """A drawn garment as an upload."""
    out = io.BytesIO()
    Image.fromarray(draw(kind, seed)).save(out, "PNG")
    return {"name": f"{kind}.png", "mimeType": "image/png", "buffer": out.getvalue()}


def shoot(page: Page, name: str, height: int) -> None:
    """Write the top of the page as a small PNG."""
    time.sleep(2)
    raw = page.screenshot(clip={"x": 0, "y": 0, "width": page.viewport_size["width"], "height": height})
    picture = Image.open(io.BytesIO(raw)).convert("RGB").quantize(192, dither=Image.Dither.NONE)
    OUT.mkdir(parents=True, exist_ok=True)
    picture.save(OUT / f"{name}.png", optimize=True)
    print(OUT / f"{name}.png")


def main() -> None:
    """Portal, lab and studio at 1280 pixels."""
    browser_path = find_chromium()
    if not browser_path:
        raise SystemExit(MISSING)
    process, address = start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
            page = browser.new_page(viewport={"width": 1280, "height": 1100})
            page.set_default_timeout(120_000)
            page.goto(address)
            page.wait_for_load_state("networkidle")
            shoot(page, "portal", 900)
            page.goto(f"{address}/lab")
            page.locator("input[type=file]").first.set_input_files(photo("dress", 1))
            page.get_by_text("Apparel").first.wait_for()
            time.sleep(6)
            shoot(page, "lab", 1100)
            page.goto(f"{address}/studio/confusion")
            page.get_by_text("accuracy", exact=False).first.wait_for()
            time.sleep(6)
            shoot(page, "studio", 1000)
            browser.close()
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
