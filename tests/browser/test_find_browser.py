"""Finding an item as a visitor does it: add an outfit, click a garment, see what the shop has, ask why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fashionviz.images import encode_png
from tests.browser.finding import ITEMS
from tests.browser.test_studio_browser import settle, upload
from tests.item_network import boxes, painted

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SIZE = (480, 320)
OUTFIT = encode_png(painted(SIZE)[0])


@pytest.mark.parametrize("width", [1280, 390])
def test_a_garment_is_clicked_in_the_studio(browser_page: Page, find_url: str, width: int) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{find_url}/studio/match?why_method=Gradient")
    upload(page, OUTFIT, "outfit.png")
    group = page.get_by_role("group", name="Garments in your photo")
    dress, bag = group.get_by_role("button", name="1. dress, 90 %"), group.get_by_role("button", name="2. bag, 70 %")
    expect(group.get_by_role("button")).to_have_count(2)  # of the shoes the detector is not sure enough
    expect(dress).to_have_attribute("aria-pressed", "true")
    first = page.locator(".st-key-match_1")
    expect(first).to_contain_text(f"1. {ITEMS['dress']}")
    photo, place = group.get_by_role("img", name="Your photo").bounding_box(), bag.bounding_box()
    assert photo is not None
    assert place is not None
    assert photo["height"] / photo["width"] == pytest.approx(SIZE[0] / SIZE[1], rel=0.02)  # not stretched
    x0, y0, _, _ = boxes(SIZE)["bag"]
    assert place["x"] - photo["x"] == pytest.approx(x0 / SIZE[1] * photo["width"], abs=6)
    assert place["y"] - photo["y"] == pytest.approx(y0 / SIZE[0] * photo["height"], abs=6)
    settle(page)
    bag.click()
    expect(bag).to_have_attribute("aria-pressed", "true")
    expect(first).to_contain_text(f"1. {ITEMS['bag']}")
    expect(page).to_have_url(re.compile("garment=2"))
    settle(page)
    bag.press("ArrowLeft")
    expect(dress).to_be_focused()
    dress.press("Enter")
    expect(first).to_contain_text(f"1. {ITEMS['dress']}")
    settle(page)
    first.get_by_role("button", name="Why this item").click()
    expect(page.get_by_text("Their similarity is")).to_be_visible()
    expect(page).to_have_url(re.compile("why=A(%20|\\+)red(%20|\\+)thing"))
    expect(page.locator(".st-key-pair_why img")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 390])
def test_a_garment_is_clicked_in_the_lab(browser_page: Page, find_url: str, width: int) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{find_url}/lab?tab=find&catalogue=shop")
    chooser = page.locator("#fv-find-photo input[type=file]")
    chooser.wait_for(state="attached")
    chooser.set_input_files({"name": "outfit.png", "mimeType": "image/png", "buffer": OUTFIT})
    captions = page.locator("#fv-find-matches .caption-label")
    expect(captions.first).to_contain_text(f"1. {ITEMS['dress']}")
    expect(page.locator("#fv-find-hint")).to_contain_text("2 found")
    picture = page.locator("#fv-find-photo img")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    # The picture is fitted into its place, with room beside it.
    scale = min(box["width"] / SIZE[1], box["height"] / SIZE[0])
    left, top = box["x"] + (box["width"] - SIZE[1] * scale) / 2, box["y"] + (box["height"] - SIZE[0] * scale) / 2
    x0, y0, x1, y1 = boxes(SIZE)["bag"]
    page.mouse.click(left + (x0 + x1) / 2 * scale, top + (y0 + y1) / 2 * scale)
    expect(page.get_by_role("radio", name="2. bag, 70 %")).to_be_checked()
    expect(captions.first).to_contain_text(f"1. {ITEMS['bag']}")
    page.get_by_role("radio", name="1. dress, 90 %").check()
    expect(captions.first).to_contain_text(f"1. {ITEMS['dress']}")
    page.locator("#fv-find-method input").click()
    page.get_by_role("option", name="Gradient", exact=True).click()
    page.locator("#fv-find-matches .thumbnail-item").first.click()
    expect(page.locator("#fv-find-why")).to_contain_text("Their similarity is")
    expect(page.locator("#fv-find-match img")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
