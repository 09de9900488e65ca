"""The lab's tab "Video": a clip arrives, is watched, stopped, refused and taken away."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from apps import videos
from apps.lab import video_layout, video_page, video_pieces
from apps.lab.app import mount_options
from apps.lab.intake import Upload
from apps.lab.layout import Page
from apps.lab.video_page import Clip, VideoEvents
from apps.middleware import MAX_VIDEO
from fashionviz.images import encode_png
from fashionviz.match import wiring
from fashionviz.results import Progress
from fashionviz.video import wiring as video_wiring
from tests.match.fakes import Colours
from tests.video_results import DETECTOR, Squares, clip, colours, sighting, watched

REQUEST = gr.Request(session_hash="a")


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "catalogues"))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(videos, "trained_detectors", lambda: (DETECTOR.name,))
    monkeypatch.setattr(video_wiring, "EngineDetector", Squares)
    monkeypatch.setattr(video_wiring, "detector_ref", lambda engine, model=None: DETECTOR)
    monkeypatch.setattr(video_wiring, "embedder_for", lambda engine, name=None: Colours())
    monkeypatch.setattr(video_wiring, "categoriser_for", lambda engine: None)
    monkeypatch.setattr(video_page, "PACE_S", 0.0)
    colours(tmp_path / "catalogues")
    return folder


def lay_out() -> Page:
    with gr.Blocks(analytics_enabled=False):
        return video_layout.lay_out()


@pytest.fixture
def page() -> Page:
    return lay_out()


@pytest.fixture
def events(page: Page) -> VideoEvents:
    return VideoEvents(None, page)


def sent(house: Path, data: bytes | None = None, name: str = "walk.mp4") -> Upload:
    """A file as Gradio keeps it, in a folder of its own."""
    place = house / "sum" / name
    place.parent.mkdir(exist_ok=True)
    if data is None:
        clip(place)
    else:
        place.write_bytes(data)
    return Upload(str(place), name)


def test_a_clip_is_watched_and_everything_shown(events: VideoEvents, page: Page, house: Path) -> None:
    out = events.arrived(sent(house), None, REQUEST)
    held = out[page.held]
    assert "walk.mp4 · 160×120 px, 10 frames a second, 1.5 s" in out[page.hint]
    assert out[page.ask].interactive
    begun = events.begin(held, REQUEST)
    assert "Waiting for a turn" in begun[page.note]
    assert begun[page.cancel].interactive
    shown: dict[Any, Any] = {}
    notes, frames = [], []
    for step in events.run(held, "colours", 2, REQUEST):
        shown |= step
        notes.append(step.get(page.note, ""))
        if isinstance(step.get(page.frame), np.ndarray):
            frames.append(step[page.frame])
    assert any(re.search(r"Frame \d+ of 15", note) for note in notes)
    assert frames[0].shape == (120, 160, 3)
    assert "2 items, worn by 1 person in 1.5 s of video." in shown[page.note]
    assert "the video has 10" in shown[page.note]
    assert "1 top" in shown[page.found]
    assert shown[page.found].count('src="data:image/jpeg') == 4, "how it was seen, and the shop item"
    assert shown[page.after].visible
    assert len(shown[page.timeline].data) == 2
    assert len(shown[page.chart].data) == 4
    assert "<td>detect</td>" in shown[page.stages]
    film = Path(shown[page.mp4].value["path"] if isinstance(shown[page.mp4].value, dict) else shown[page.mp4].value)
    assert film.is_file()
    assert film.is_relative_to(house)
    assert shown[page.json].interactive
    assert shown[page.ask].interactive
    assert "--catalogue colours" in shown[page.shell]
    assert "--every 2" in shown[page.shell]
    assert not events.jobs.waiting("a")


def test_it_can_be_stopped_and_leaves_nothing(
    events: VideoEvents, page: Page, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = video_wiring.watch

    def slow(*arguments: Any, on_progress: Any, cancel: threading.Event, **choices: Any) -> Any:
        def step(progress: Progress) -> None:
            on_progress(progress)
            if progress.done == 6:
                assert cancel.wait(60)

        return real(*arguments, on_progress=step, cancel=cancel, **choices)

    monkeypatch.setattr(video_wiring, "watch", slow)
    held = events.arrived(sent(house), None, REQUEST)[page.held]
    events.begin(held, REQUEST)
    shown: dict[Any, Any] = {}
    for step in events.run(held, "colours", 3, REQUEST):
        shown |= step
        if "Frame 6 of 15" in str(step.get(page.note)):
            assert not events.cancel(REQUEST).interactive
    assert "Stopped" in shown[page.note]
    assert shown[page.ask].interactive
    assert not list(house.rglob("annotated*"))


def test_taking_the_video_away_deletes_it_and_shows_nothing(events: VideoEvents, page: Page, house: Path) -> None:
    upload = sent(house)
    held = events.arrived(upload, None, REQUEST)[page.held]
    running = events.run(held, "colours", 3, REQUEST)
    next(running)
    out = events.clear(held, REQUEST)
    assert out[page.held] is None
    assert not out[page.ask].interactive
    assert not Path(upload.path).exists()
    assert all(page.film not in step and page.ask not in step for step in running)
    assert "deleted" in out[page.hint]
    assert "deleted" not in events.clear(None, REQUEST)[page.hint], "nothing was there: the camera opens"
    assert "no longer here" in _warned(lambda: events.begin(held, REQUEST))[page.note]
    video_page.forget(None)


def _warned(ask: Any) -> Any:
    with pytest.warns(UserWarning, match="No answer|video|picture|empty|taken here"):  # a toast, outside a page
        return ask()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("photo.png", encode_png(np.zeros((40, 40, 3), np.uint8)), "This is a picture, not a video."),
        ("notes.mp4", b"nothing", "This is no video that can be read here."),
        ("empty.mp4", b"", "The file is empty."),
    ],
)
def test_a_bad_file_is_one_sentence_and_goes(
    events: VideoEvents, page: Page, house: Path, name: str, data: bytes, words: str
) -> None:
    upload = sent(house, data, name)
    out = _warned(lambda: events.arrived(upload, None, REQUEST))
    assert words in out[page.hint]
    assert out[page.video] is None
    assert not out[page.ask].interactive
    assert not Path(upload.path).exists()


def test_a_video_that_is_too_large_is_not_read(
    events: VideoEvents, page: Page, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_page, "MAX_VIDEO", 2**20)
    upload = sent(house, b"\0" * (2**20 + 1))
    assert "at most 1 are taken here" in _warned(lambda: events.arrived(upload, None, REQUEST))[page.hint]
    assert mount_options()["max_file_size"] > MAX_VIDEO, "so that our sentence is said"


def test_a_newer_video_takes_the_place(events: VideoEvents, page: Page, house: Path) -> None:
    first = events.arrived(sent(house), None, REQUEST)[page.held]
    assert set(events.arrived(None, first, REQUEST)) == {page.held}, "taken away: answered elsewhere"
    second = house / "other" / "b.mp4"
    second.parent.mkdir()
    clip(second)
    out = events.arrived(Upload(str(second), "b.mp4"), first, REQUEST)
    assert out[page.held] == Clip(second, "b.mp4")
    assert not first.path.exists()


def test_what_is_missing_is_said(page: Page, house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page.sample is None
    assert "At most" not in page.note.value
    assert "first 2 minutes" in page.note.value
    made = clip(tmp_path / "sample.mp4")
    monkeypatch.setattr(video_layout, "sample_video", lambda: made)
    monkeypatch.setattr(video_wiring, "sample_video", lambda: made)
    offered = lay_out()
    assert offered.sample is not None
    copy = Path(VideoEvents(None, offered).sample())
    assert copy.is_relative_to(house)
    assert copy.read_bytes() == made.read_bytes()
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "none"))
    without = lay_out()
    assert "no catalogue" in without.note.value
    events = VideoEvents(None, without)
    held = Clip(copy, "sample.mp4")
    assert "Choose a catalogue first" in list(events.run(held, None, 3, REQUEST))[-1][without.note]
    monkeypatch.setattr(videos, "trained_detectors", lambda: ())
    assert videos.NO_DETECTOR in lay_out().note.value
    monkeypatch.undo()


def test_without_a_detector_the_run_says_so(
    events: VideoEvents, page: Page, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_wiring, "EngineDetector", wiring.EngineDetector)
    monkeypatch.setattr(wiring, "trained_detectors", lambda: ())
    held = events.arrived(sent(house), None, REQUEST)[page.held]
    assert "No trained detector is installed" in list(events.run(held, "colours", 3, REQUEST))[-1][page.note]


def test_a_strangers_words_are_text() -> None:
    table = video_pieces.items_table([sighting(1), sighting(2, label="<b>", matches=())])
    assert "&lt;i&gt;Red shirt&lt;/i&gt;, 80% probable, similarity 0.912" in table
    assert "<i>Red" not in table
    assert "&lt;b&gt;" in table
    assert 'alt="Item 1, top"' in table
    assert video_pieces.NO_ITEMS in video_pieces.items_table(())
    assert "<td>200.0</td>" in video_pieces.stages_table(watched())
    assert "2 of 50 frames (4%)" in video_pieces.summary(watched(notes=("<script>",)))
    assert "<script>" not in video_pieces.summary(watched(notes=("<script>",)))
