"""A visitor's video in both apps: sent, watched, played; its items on a timeline."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.test_studio_browser import settle
from tests.video_results import clip

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_clip_is_sent_watched_and_played_in_the_studio(browser_page: Page, video_url: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{video_url}/studio/video")
    chooser = page.get_by_test_id("stMain").locator("input[type=file]").first
    chooser.wait_for(state="attached")
    settle(page)
    chooser.set_input_files(clip(tmp_path / "walk.mp4"))
    page.get_by_role("button", name="Find the items").click()
    film = page.locator("video")
    film.wait_for()
    page.wait_for_function("document.querySelector('video').readyState >= 1")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(1.5, abs=0.11)
    expect(page.locator(".stPlotlyChart .bars .point")).to_have_count(2)
    expect(page.get_by_text("Person 1").first).to_be_visible()
    settle(page)
    item = page.get_by_role("combobox", name="Item")
    expect(item).to_have_value(re.compile("^1 top"))
    expect(page.get_by_text("1. red")).to_be_visible()
    for _ in range(3):  # the figure takes presses a while after it is drawn, and nothing on the page says since when
        page.locator(".stPlotlyChart .bars .point").last.click(force=True)
        page.wait_for_timeout(1500)
        settle(page)
        if item.input_value().startswith("2 trousers"):
            break
    expect(item).to_have_value(re.compile("^2 trousers"))
    expect(page.get_by_text("1. blue")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Items (JSON)").click()
    events = json.loads(waiting.value.path().read_bytes())["events"]
    assert [event["label"] for event in events] == ["top", "trousers"]
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390


def test_the_sample_is_watched_in_the_lab(browser_page: Page, video_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{video_url}/lab/?tab=video")
    page.get_by_role("button", name="Use the sample video").click()
    expect(page.locator("#fv-video-hint")).to_contain_text("sample.mp4 · 160×120 px")
    page.get_by_role("button", name="Find the items").click()
    page.locator("#fv-video-film video").wait_for()
    expect(page.locator("#fv-video-note")).to_contain_text("2 items, worn by 1 person")
    expect(page.locator("#fv-video-timeline .bars .point")).to_have_count(2)
    expect(page.locator("#fv-video-found img")).to_have_count(4)
