"""A real Chromium uploads photos into the lab and reads what a visitor would read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from fashionviz.data.examples import draw

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser_page: Page, suite_url: str) -> Iterator[Page]:
    """The suite's lab, loaded; any request to another host, script error or blocked source fails the test."""
    page = browser_page
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda m: trouble.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("request", lambda r: None if r.url.startswith((suite_url, "data:", "blob:")) else trouble.append(r.url))
    page.goto(f"{suite_url}/lab")
    page.wait_for_selector("#fv-answer >> text=No photo yet")
    page.wait_for_function("document.querySelector('#fv-code')")
    page.wait_for_selector("#fv-photo input[type=file]", state="attached")
    yield page
    assert trouble == []


def photo(folder: Path, *, gps: bool = False) -> str:
    exif = Image.Exif()
    if gps:
        exif[271] = "SECRETCAMERA"
        exif.get_ifd(0x8825)[1] = "N"
    path = folder / "dress.jpg"
    Image.fromarray(draw("dress", 0)).save(path, "JPEG", quality=92, exif=exif)
    return str(path)


def upload(page: Page, path: str) -> None:
    page.set_input_files("#fv-photo input[type=file]", path)


def test_a_photo_is_answered_explained_and_shown_without_metadata(page: Page, tmp_path: Path) -> None:
    upload(page, photo(tmp_path, gps=True))
    page.wait_for_selector("#fv-answer .fv-bars")
    answer = page.inner_text("#fv-answer")
    assert "% probable, asked about the whole photo" in answer
    assert "department an item is sold in, not a person" in answer
    assert page.locator("#fv-answer .fv-bars li").count() == 6
    page.wait_for_selector("#fv-why >> text=Guided backpropagation for")
    page.wait_for_selector("#fv-why a:has-text('Adebayo')")
    page.wait_for_selector("#fv-saliency img")
    page.wait_for_selector("#fv-channels .thumbnail-item")
    page.wait_for_selector("#fv-channel img")
    shown = page.request.get(page.get_attribute("#fv-photo img", "src")).body()
    assert b"SECRETCAMERA" not in shown
    with Image.open(io.BytesIO(shown)) as picture:
        assert not picture.getexif()


def test_a_part_of_the_photo_is_asked_about(page: Page, tmp_path: Path) -> None:
    upload(page, photo(tmp_path))
    page.wait_for_selector("#fv-answer >> text=asked about the whole photo")
    page.click("#fv-region label:has-text('Upper half')")
    page.wait_for_selector("#fv-answer >> text=asked about the upper half")
    box = page.locator("#fv-photo img").bounding_box()
    for across, down in ((0.25, 0.25), (0.75, 0.75)):
        page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        if down < 0.5:
            page.wait_for_selector("text=First corner set")
    page.wait_for_selector("#fv-answer >> text=asked about a region (180×240 px)")


def test_a_bad_file_gets_a_sentence_and_the_old_answer_goes(page: Page, tmp_path: Path) -> None:
    upload(page, photo(tmp_path))
    page.wait_for_selector("#fv-channels .thumbnail-item")
    page.click("#fv-photo button[aria-label='Remove Image']")
    page.wait_for_selector("#fv-answer >> text=No photo yet")
    page.wait_for_selector("#fv-channels .thumbnail-item", state="detached")
    bad = tmp_path / "IMG_1.heic"
    bad.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    upload(page, str(bad))
    page.wait_for_selector("#fv-answer [role=alert] >> text=HEIC")
    assert page.locator("#fv-saliency img").count() == 0


def test_a_slow_method_can_be_cancelled(page: Page, tmp_path: Path) -> None:
    upload(page, photo(tmp_path))
    page.wait_for_selector("#fv-why >> text=Guided backpropagation for")
    page.wait_for_selector("#fv-channels .thumbnail-item")
    page.click("#fv-method input")
    page.click("li:has-text('Occlusion')")
    page.click("#fv-cancel:not([disabled])")
    page.wait_for_selector("#fv-why >> text=cancelled")


def test_an_example_is_one_click_and_a_link_sets_the_controls(browser_page: Page, suite_url: str) -> None:
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{suite_url}/lab?method=grad-cam&target=Men/Other&layer=features.5")
    page.wait_for_function("document.querySelector('#fv-method input')?.value === 'Grad-CAM'")
    page.click("#fv-examples .thumbnail-item >> nth=0")
    page.wait_for_selector("#fv-answer .fv-bars")
    page.wait_for_selector("#fv-why >> text=Men/Other")
    page.wait_for_selector("text=features.5: the")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_model_answers_on_the_photo_of_the_first_tab(page: Page, tmp_path: Path) -> None:
    upload(page, photo(tmp_path))
    page.wait_for_selector("#fv-answer .fv-bars")
    tab = page.get_by_role("tab", name="Every model")
    tab.press("Enter")
    page.wait_for_function("tab => tab.getAttribute('aria-selected') === 'true'", arg=tab.element_handle())
    page.wait_for_selector("#fv-every-mobilenet-v2-gender-category .fv-bars li")
    page.wait_for_selector("#fv-every-note >> text=models answered")
    assert page.locator("#fv-every-mobilenet-v2-gender-category .fv-bars li").count() == 3
    assert "tab=every-model" in page.url
    pictures = page.locator(".fv-model .fv-twin img")
    alts = {pictures.nth(i).get_attribute("alt") for i in range(pictures.count())}
    assert len(alts) == pictures.count() >= 2, "every picture says whose it is"
    with page.expect_download() as answers:
        page.get_by_role("button", name="Answers, CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(answers.value.path()).read_text())))
    assert {row["file"] for row in rows} == {"dress.jpg"}
    assert "resnet152.gender_category" in page.inner_text("#fv-untrained")


def test_a_photo_dropped_into_the_second_tab_of_a_link_is_answered(
    browser_page: Page, suite_url: str, tmp_path: Path
) -> None:
    browser_page.goto(f"{suite_url}/lab?tab=every-model")
    browser_page.wait_for_selector("#fv-every-note >> text=for a photo")
    for _ in range(2):  # Gradio has made the component anew by the second time
        browser_page.set_input_files("#fv-every-photo input[type=file]", photo(tmp_path))
        browser_page.wait_for_selector("#fv-every-note >> text=models answered")
        browser_page.wait_for_selector("#fv-every-mobilenet-v2-gender-category .fv-bars")
        browser_page.get_by_label("Remove Image").or_(browser_page.get_by_label("Clear")).first.click()
        browser_page.wait_for_selector("#fv-every-photo input[type=file]", state="attached")


def test_photos_are_annotated_corrected_and_taken_up_again(page: Page, tmp_path: Path) -> None:
    good, cut = photo(tmp_path, gps=True), tmp_path / "cut.jpg"
    cut.write_bytes(Path(good).read_bytes()[:900])
    page.get_by_role("tab", name="Annotate").click()
    page.set_input_files("#fv-many input[type=file]", [good, str(cut)])
    page.wait_for_selector("#fv-many-hint >> text=2 photos here")
    page.click("#fv-many-ask:not([disabled])")
    page.wait_for_selector("#fv-many-note >> text=1 new, 0 kept, 1 failed")
    page.wait_for_selector("#fv-entry-0 >> text=damaged or cut off")
    page.wait_for_selector("#fv-entry-1 img[alt='Photo dress.jpg']")
    shown = page.request.get(page.get_attribute("#fv-entry-1 img", "src")).body()
    assert b"SECRETCAMERA" not in shown
    page.get_by_label("Corrected class of dress.jpg").click()
    page.get_by_role("option", name="Women/Other").click()
    page.wait_for_selector("#fv-many-count >> text=1 corrected")
    with page.expect_download() as table:
        page.click("#fv-many-csv")
    kept = tmp_path / "labels.csv"
    kept.write_bytes(Path(table.value.path()).read_bytes())
    assert [row["corrected"] for row in csv.DictReader(io.StringIO(kept.read_text()))] == ["", "Women/Other"]
    page.click("text=Delete the photos and the table")
    page.wait_for_selector("#fv-many-count >> text=No answers yet")
    page.set_input_files("#fv-many input[type=file]", [good, str(kept)])
    page.wait_for_selector("#fv-many-hint >> text=2 rows of your CSV are kept")
    page.click("#fv-many-ask:not([disabled])")
    page.wait_for_selector("#fv-many-note >> text=0 new, 1 kept, 0 failed")


@pytest.mark.parametrize(("tab", "place"), [("every-model", "#fv-every-photo"), ("annotate", "#fv-many")])
def test_a_link_opens_a_tab_that_fits_a_phone(browser_page: Page, suite_url: str, tab: str, place: str) -> None:
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{suite_url}/lab?tab={tab}")
    page.wait_for_selector(f"{place} input[type=file]", state="attached")
    if tab == "every-model":
        page.wait_for_selector("#fv-every-note >> text=for a photo")  # before it a click is not heard
        page.click("#fv-every-examples .thumbnail-item >> nth=0")
        page.wait_for_selector("#fv-every-note >> text=models answered")
    assert f"tab={tab}" in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
