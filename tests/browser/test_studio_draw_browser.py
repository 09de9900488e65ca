"""Drawing as a visitor does it: press pictures, walk between them, save, take one as the photo."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser.test_studio_browser import settle
from tests.drawn import CONDITIONAL, PLAIN

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def saved(page: Page, button: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return waiting.value.path().read_bytes()


def test_draw_pick_interpolate_and_download(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{suite_url}/studio/draw?count=9&seed=3")
    grid = page.get_by_role("group", name="9 drawings; press one to pick it")
    expect(grid.get_by_role("button")).to_have_count(9)
    settle(page)
    grid.get_by_role("button", name=re.compile("^seed 3,")).click()
    expect(page).to_have_url(re.compile("picks=3"))
    settle(page)
    grid.get_by_role("button", name=re.compile("^seed 4,")).press("Enter")  # by keyboard
    expect(page).to_have_url(re.compile("picks=3(%2C|,)4"))
    expect(grid.get_by_role("button", name=re.compile("^seed 4,"))).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("24 frames, 12 of them here")).to_be_visible()
    settle(page)
    with Image.open(io.BytesIO(saved(page, "Film (GIF)"))) as film:
        assert film.n_frames == 24  # type: ignore[attr-defined]
        assert film.info["loop"] == 0  # for ever
    with zipfile.ZipFile(io.BytesIO(saved(page, "All, with a manifest (ZIP)"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert [row["point"] for row in manifest["drawings"]] == [str(seed) for seed in range(3, 12)]
        assert len(archive.namelist()) == 10
    address = page.url
    page.goto(address)  # the address alone brings grid and picks back
    expect(grid.get_by_role("button", name=re.compile("^seed 4,"))).to_have_attribute("aria-pressed", "true")
    settle(page)
    page.get_by_role("button", name="Use it as the photo of every page").click()
    expect(page.get_by_test_id("stSidebar").get_by_text(f"Drawn by {CONDITIONAL}, seed 4")).to_be_visible()


def test_the_quiz_keeps_the_score(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{suite_url}/studio/real-or-drawn?gen={PLAIN}&game=Which+of+two+drew+this%3F")
    expect(page.get_by_text("Guessing gives one half")).to_be_visible()
    settle(page)
    page.get_by_role("button", name=re.compile(f"^{PLAIN}")).click()
    expect(page.get_by_text("n = 1")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("address", ["draw?picks=3,4", "real-or-drawn", "generator", "drawing-quality"])
def test_nothing_that_draws_sticks_out_on_a_phone(browser_page: Page, suite_url: str, address: str) -> None:
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{suite_url}/studio/{address}")
    page.get_by_role("heading", level=1).wait_for()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    assert page.locator('[data-testid="stAlertContentError"]').count() == 0
