"""The studio as a visitor meets it: upload, read, move on, click a cell."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest
from PIL import Image

from fashionviz.annotate.table import parse_table
from fashionviz.data.examples import draw
from fashionviz.models.registry import get_model
from tests.conftest import MODEL

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from fashionviz.evaluation.report import Item

pytestmark = pytest.mark.browser

CLASSES = get_model(MODEL).task.classes


def jpeg(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw(kind, 3)).save(out, "JPEG", quality=92)
    return out.getvalue()


def upload(page: Page, data: bytes, name: str = "mine.jpg") -> None:
    chooser = page.locator("input[type=file]").first
    chooser.wait_for(state="attached")
    settle(page)  # a run that is still going on could put another chooser in its place
    chooser.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def open_page(page: Page, address: str, title: str) -> None:
    """Look for the page in one menu after the other, as a visitor does."""
    menus = page.get_by_test_id("stTopNavSection")
    link = page.locator(f'[data-testid="stTopNavDropdownLink"][href$="/{address}"]')
    for number in range(menus.count()):
        menus.nth(number).click()
        page.get_by_test_id("stTopNavDropdownLink").first.wait_for()
        if link.count():
            break
        page.keyboard.press("Escape")
        page.get_by_test_id("stTopNavDropdownLink").first.wait_for(state="detached")
    link.click()
    page.get_by_role("heading", name=title, level=1).wait_for()
    settle(page)


def settle(page: Page) -> None:
    """Until the script has run and nothing on the page is stale."""
    page.wait_for_function(
        """document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
           && !document.querySelector('[data-stale=true]')"""
    )


def test_the_photo_and_the_model_go_along(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    strangers: list[str] = []
    host = urlsplit(suite_url).netloc
    page.on(
        "request",
        lambda r: strangers.append(r.url) if r.url.startswith("http") and urlsplit(r.url).netloc != host else None,
    )
    page.goto(f"{suite_url}/studio/predict")
    upload(page, jpeg("dress"))
    top = page.get_by_test_id("stMetricValue")
    expect(top).to_have_text(re.compile("|".join(CLASSES)))
    first = top.inner_text()
    expect(page.locator(".stPlotlyChart .bars .point")).to_have_count(len(CLASSES))
    sidebar = page.get_by_test_id("stSidebar")
    for address, title, seen in (
        ("activations", "Activation maps", "strongest of"),
        ("guided-backprop", "Guided backprop", "What spoke for"),
        ("filters", "First-layer filters", "input channels are red, green and blue"),
        ("models", "Models", "Made for."),
    ):
        open_page(page, address, title)
        expect(page.get_by_text(seen).first).to_be_visible()
        expect(sidebar.get_by_text("mine.jpg · 360×480 px")).to_be_visible()
        expect(sidebar.get_by_role("combobox", name="Model")).to_have_value(MODEL)
        assert page.locator('[data-testid="stAlertContentError"]').count() == 0
    open_page(page, "predict", "Predict")
    expect(top).to_have_text(first)
    assert strangers == []  # nothing is asked of another server


def test_a_click_on_a_cell_lists_its_items(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import TimeoutError, expect

    page = browser_page
    page.goto(f"{suite_url}/studio/confusion")
    heat = page.locator(".stPlotlyChart .heatmaplayer").first
    heat.wait_for()
    settle(page)
    heat.scroll_into_view_if_needed()
    row, column = 2, 2
    k = len(CLASSES)
    heading = page.get_by_role("heading", name=f"True {CLASSES[row]}, predicted {CLASSES[column]}")
    for _ in range(5):  # the figure takes clicks a while after it is drawn, and nothing on the page says since when
        box = heat.bounding_box()
        assert box is not None
        # Off the centre: the whole cell is clickable, not only its number.
        page.mouse.click(box["x"] + box["width"] * (column + 0.2) / k, box["y"] + box["height"] * (row + 0.8) / k)
        with contextlib.suppress(TimeoutError):
            heading.wait_for(timeout=12_000)
            break
    expect(heading).to_be_visible()
    expect(page).to_have_url(re.compile(r"true=Men(%2F|/)Apparel"))
    expect(page).to_have_url(re.compile(r"predicted=Men(%2F|/)Apparel"))
    settle(page)
    page.goto(page.url)  # the address alone brings the same cell back
    expect(heading).to_be_visible()


def test_from_a_cell_to_an_item_into_the_model_and_back(
    browser_page: Page, suite_url: str, suite_mistake: Item
) -> None:
    from playwright.sync_api import expect

    page, item = browser_page, suite_mistake
    page.goto(f"{suite_url}/studio/confusion?{urlencode({'true': item.label, 'predicted': item.predicted})}")
    # With the colon: the item's own heading has the same words.
    cell = page.get_by_role("heading", name=f"True {item.label}, predicted {item.predicted}:", level=3)
    cell.wait_for()
    settle(page)
    page.locator(f".st-key-cell_{item.id} button").first.press("Enter")  # by keyboard
    panel = page.locator(".st-key-item_panel")
    expect(panel.get_by_text(f"Item {item.id}:")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"item=fpi(%3A|:)test(%3A|:){item.id}"))
    settle(page)
    panel.get_by_role("link", name="Guided backprop").click()
    expect(page.get_by_text(f"What spoke for {item.predicted}")).to_be_visible()
    expect(page.get_by_text(f"The photo is item {item.id}")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"guided-backprop.*item=fpi(%3A|:)test(%3A|:){item.id}"))
    settle(page)
    page.go_back()
    expect(panel.get_by_text(f"Item {item.id}:")).to_be_visible()
    expect(cell).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Back to the cell").click()
    expect(panel).to_have_count(0)
    expect(page).not_to_have_url(re.compile("item="))


def test_a_link_restores_the_choices(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{suite_url}/studio/guided-backprop?method=gradient&target=Men/Other&region=Upper+half")
    page.get_by_text("Add a photo to see which pixels").wait_for()
    upload(page, jpeg("t-shirt"))
    expect(page.get_by_text("What spoke for Men/Other")).to_be_visible()
    expect(page.get_by_role("combobox", name="Method")).to_have_value("gradient")
    expect(page.get_by_text("Asked about the upper half (360×240 px)")).to_be_visible()


def test_a_file_that_is_no_picture_is_one_sentence(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{suite_url}/studio/predict")
    upload(page, jpeg("t-shirt"))
    expect(page.get_by_test_id("stMetricValue")).to_be_visible()
    page.get_by_text("Change photo").click()
    upload(page, b"\x00\x00\x00\x18ftypheic" + bytes(64), "IMG_0001.HEIC")
    expect(page.get_by_text("This file is a HEIC photo")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue")).to_have_count(0)


@pytest.mark.parametrize(
    "address",
    [
        "predict",
        "filters",
        "activations",
        "guided-backprop",
        "every-model",
        "annotate",
        "confusion",
        "compare-errors",
        "models",
    ],
)
def test_nothing_sticks_out_on_a_phone(browser_page: Page, suite_url: str, address: str) -> None:
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{suite_url}/studio/{address}")
    page.get_by_role("heading", level=1).wait_for()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390


@pytest.mark.parametrize("width", [1280, 390])
def test_every_model_answers_with_pictures_that_say_what_they_are(
    browser_page: Page, suite_url: str, width: int
) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{suite_url}/studio/every-model?region=Centre")
    page.get_by_text("Add a photo to see what every model makes of it").wait_for()
    upload(page, jpeg("dress"))
    expect(page.locator(".fv-top")).to_have_count(1)
    expect(page.locator(".fv-top li")).to_have_count(3)
    expect(page.get_by_text("Asked about the centre")).to_be_visible()
    settle(page)
    for alt in (f"The photo as {MODEL} sees it", f"of {MODEL} for the class"):
        picture = page.locator(f'.stMain img[alt*="{alt}"]')
        expect(picture).to_be_visible()
        box = picture.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    with page.expect_download() as found:
        page.get_by_role("button", name="Table (CSV)").click()
    text = found.value.path().read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith('"model","task","input","class 1","probability 1"')
    assert f'"{MODEL}"' in text.splitlines()[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_many_photos_are_annotated_corrected_by_keyboard_and_resumed(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.goto(f"{suite_url}/studio/annotate")
    page.get_by_role("heading", name="Annotate", level=1).wait_for()
    photos = [{"name": f"{kind}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(kind)} for kind in ("dress", "hat")]
    bring(page, [*photos, {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": jpeg("dress")[:300]}])
    expect(page.get_by_text("3 photos here, 3 answers still to be asked.")).to_be_visible()
    page.get_by_role("button", name="Annotate", exact=True).click()
    expect(page.get_by_text("3 rows: 2 answered, 1 failed, 0 corrected")).to_be_visible()
    settle(page)
    table = page.get_by_test_id("stDataFrame")
    expect(table.get_by_text("broken.jpg")).to_be_attached()
    column = table.locator('[role="columnheader"]', has_text="Right class").get_attribute("aria-colindex")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 150, box["y"] + 75)  # the first row; the arrow keys go on from here
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
    for _ in range(int(column or 0) - 1):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    options = page.locator('[role="option"]')
    expect(options.filter(has_text=CLASSES[5])).to_have_count(1)  # the list is open, so that it takes what is typed
    page.keyboard.type(CLASSES[5])
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 rows: 2 answered, 1 failed, 1 corrected")).to_be_visible()
    settle(page)
    with page.expect_download() as found:
        page.get_by_role("button", name="Download the labels (CSV)").click()
    csv = found.value.path().read_bytes()
    corrected = [(row.file, row.corrected) for row in parse_table(csv, "labels.csv") if row.corrected]
    assert corrected == [("broken.jpg", CLASSES[5])]
    page.get_by_role("button", name="Remove all photos and answers").click()
    expect(page.get_by_role("button", name="Try it with")).to_be_visible()
    bring(page, [*photos, {"name": "labels.csv", "mimeType": "text/csv", "buffer": csv}])
    expect(page.get_by_text("2 photos here, all of them asked.")).to_be_visible()
    expect(page.get_by_text("1 row of photos that are not here stays in the CSV.")).to_be_visible()


def bring(page: Page, files: list[dict[str, object]]) -> None:
    """Give many files at once to the page's own chooser, not to the sidebar's."""
    chooser = page.locator(".stMain input[type=file]").first
    chooser.wait_for(state="attached")
    settle(page)
    chooser.set_input_files(files)  # type: ignore[arg-type]


def test_a_chart_is_saved_by_keyboard(browser_page: Page, suite_url: str) -> None:
    from playwright.sync_api import expect

    page = browser_page
    page.goto(f"{suite_url}/studio/predict")
    upload(page, jpeg("dress"))
    expect(page.locator(".stPlotlyChart .bars .point")).to_have_count(len(CLASSES))
    page.get_by_text("Save this chart, or read it as a table").click()
    for name, ending, begins in (
        ("PNG", "png", b"\x89PNG"),
        ("SVG", "svg", b"<svg"),
        ("Interactive HTML", "html", b"<!doctype html>"),
    ):
        page.get_by_role("button", name=name, exact=True).focus()
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        saved = waiting.value
        assert saved.suggested_filename == f"{MODEL}-probabilities.{ending}"
        data = saved.path().read_bytes()
        assert data.startswith(begins)
        if ending == "html":
            text = data.decode()
            assert "Plotly.newPlot(" in text
            assert CLASSES[0] in text
            assert not re.findall(r'(?:src|href)="', text[text.rindex("<script>") :])
    expect(page.get_by_text(f"Saved {MODEL}-probabilities.html")).to_be_visible()


def test_a_map_is_saved_as_svg(browser_page: Page, suite_url: str) -> None:
    page = browser_page
    page.goto(f"{suite_url}/studio/guided-backprop")
    upload(page, jpeg("dress"))
    page.get_by_text("As SVG or interactive HTML").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG", exact=True).click()
    saved = waiting.value
    assert saved.suggested_filename == f"{MODEL}-guided-backprop.svg"
    data = saved.path().read_bytes()
    assert data.startswith(b"<svg")
    assert b"data:image/png;base64" in data
