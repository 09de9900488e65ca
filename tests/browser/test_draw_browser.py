"""A real Chromium draws in the lab: picks, a closer look, a walk, files to take home; on a desktop and on a phone."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_link_draws_and_picks_become_a_film(browser_page: Page, suite_url: str) -> None:
    page = browser_page
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((suite_url, "data:", "blob:")) else trouble.append(r.url))
    page.goto(f"{suite_url}/lab?draw=cgan64.gender_category&seed=70&n=12&class=Women/Apparel")
    page.wait_for_selector("#fv-draw-note >> text=12 drawn by")
    cells = page.locator("#fv-drawn .thumbnail-item")
    assert cells.count() == 12
    page.click("#fv-draw-files >> text=Downloads")
    with page.expect_download() as archive:
        page.click("#fv-zip")
    with zipfile.ZipFile(archive.value.path()) as drawn:
        manifest = json.loads(drawn.read("manifest.json"))
        ours = [np.asarray(Image.open(io.BytesIO(drawn.read(row["file"])))) for row in manifest["drawings"]]
    assert [row["seed"] for row in manifest["drawings"]] == list(range(70, 82))
    assert {row["class"] for row in manifest["drawings"]} == {"Women/Apparel"}
    answer = page.request.post(
        f"{suite_url}/api/v1/generate", data={"seed": 70, "n": 12, "class": "Women/Apparel", "format": "zip"}
    )
    with zipfile.ZipFile(io.BytesIO(answer.body())) as drawn:
        theirs = [np.asarray(Image.open(io.BytesIO(drawn.read(row["file"])))) for row in manifest["drawings"]]
    assert (np.stack(ours) == np.stack(theirs)).all(), "the lab and the API draw the same"

    cells.nth(1).click()
    page.wait_for_selector("#fv-picked >> text=1 picked")
    page.wait_for_selector("#fv-draw-origin >> text=71")
    page.wait_for_selector("#fv-draw-said .fv-bars li")
    page.wait_for_selector("#fv-draw-looked img")
    cells.nth(4).click()
    page.wait_for_selector("#fv-picked >> text=2 picked")
    page.wait_for_selector("#fv-mix img")
    page.click("#fv-walk:not([disabled])")
    page.wait_for_selector("#fv-walk-note >> text=24 pictures by way of 71, 74 and back")
    shown = page.request.get(page.get_attribute("#fv-film img", "src")).body()
    with page.expect_download() as film:
        page.click("#fv-gif:not([disabled])")
    kept = Path(film.value.path()).read_bytes()
    assert kept == shown
    with Image.open(io.BytesIO(kept)) as moving:
        assert (moving.format, moving.n_frames) == ("GIF", 24)
    page.click("#fv-draw-like:not([disabled])")
    page.wait_for_selector("#fv-draw-note >> text=12 like 74")
    assert cells.count() == 13
    assert trouble == []


def test_the_tab_fits_a_phone(browser_page: Page, suite_url: str) -> None:
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{suite_url}/lab?tab=draw")
    page.wait_for_selector("#fv-draw-note >> text=24 drawn by")
    page.locator("#fv-drawn .thumbnail-item").first.click()
    page.wait_for_selector("#fv-picked >> text=1 picked")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
