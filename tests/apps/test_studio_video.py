"""The studio's page In a video: empty, with a clip that is watched, stopped, refused and removed; one item picked."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from apps import videos
from apps.middleware import MAX_BODY, MAX_STUDIO_UPLOAD, MAX_VIDEO, BodyLimit
from apps.studio import jobs, own_catalogue, own_video, video_result
from fashionviz.errors import Cancelled
from fashionviz.images import encode_png
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.match import sources, wiring
from fashionviz.results import Progress
from fashionviz.video import wiring as video_wiring
from tests.match.fakes import Colours
from tests.video_results import DETECTOR, Squares, clip, colours, watched

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


@pytest.fixture(autouse=True)
def house(random_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "catalogues"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)
    monkeypatch.setattr(own_catalogue, "look_after", lambda: None)
    monkeypatch.setattr(own_video, "look_after", lambda: None)
    monkeypatch.setattr(sources, "DEMO", {"watch": "watches"})
    monkeypatch.setattr(wiring, "best_embedder", lambda engine: Colours())
    monkeypatch.setattr(videos, "trained_detectors", lambda: (DETECTOR.name,))
    monkeypatch.setattr(video_wiring, "EngineDetector", Squares)
    monkeypatch.setattr(video_wiring, "detector_ref", lambda engine, model=None: DETECTOR)
    monkeypatch.setattr(video_wiring, "embedder_for", lambda engine, name=None: Colours())
    monkeypatch.setattr(video_wiring, "categoriser_for", lambda engine: None)
    engine = Engine(EngineConfig(device="cpu"))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    colours(tmp_path / "catalogues")
    yield tmp_path / "catalogues"
    engine.close()


def flat(*colour: int) -> bytes:
    return encode_png(np.full((30, 40, 3), colour, np.uint8))


def page(**query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=300)
    app.query_params.update(query)
    app.run()
    app.query_params.update(query)
    app.switch_page("views/video.py").run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.caption, *app.markdown, *app.info, *app.warning, *app.error, *app.success])


def taken(monkeypatch: pytest.MonkeyPatch, data: bytes, name: str = "walk.mp4") -> dict[str, Any]:
    """What the session holds when these bytes have been sent."""
    state: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", state)
        own_video.take(data, name)
    return state


def with_video(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **held: Any) -> AppTest:
    app = page()
    for key, value in (taken(monkeypatch, clip(tmp_path / "made.mp4").read_bytes()) | held).items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def titles(app: AppTest) -> list[str]:
    return [m.value for m in app.main.markdown if re.match(r"\*\*\d+\. ", m.value)]


def test_without_a_detector_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(videos, "trained_detectors", lambda: ())
    app = page()
    assert "No trained detector is installed" in words(app)
    assert "fashionviz train " in app.code[0].value
    assert "sample" not in [b.key for b in app.button]


def test_without_a_catalogue_it_offers_the_demo(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(house / "none"))
    app = page()
    assert "There is no catalogue on this machine yet" in words(app)
    app.button(key="build_demo").click().run()
    assert not app.exception
    assert "8 of 8 items are in the catalogue" in words(app)
    assert "Add a video" in words(app)


def test_the_sample_is_credited(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sample" not in [b.key for b in page().button]
    made = clip(tmp_path / "sample.mp4")
    monkeypatch.setattr(video_wiring, "sample_video", lambda: made)
    app = page()
    assert "Intel Corporation, CC BY 4.0" in words(app)
    app.button(key="sample").click().run()
    assert not app.exception
    assert "sample.mp4 · 160×120 px, 10 frames a second, 1.5 s" in words(app)
    app.button(key="drop_video").click().run()
    assert made.is_file(), "the sample is not ours to delete"
    assert not list(own_video.root().iterdir())


def test_a_video_is_watched_and_its_items_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = with_video(monkeypatch, tmp_path)
    assert "catalogue" in [s.key for s in app.selectbox]
    app.select_slider(key="every").set_value(2)
    app.button(key="watch").click().run()
    assert not app.exception
    said = words(app)
    assert "frames a second; the video has 10**" in said
    assert "with half a second of delay" in said
    assert "2 items, worn by 1 person in 1.5 s of video." in said
    assert "every second frame" in said
    assert "Nobody is recognised" in said
    item = app.selectbox(key=video_result.ITEM)
    assert item.options == ["1 top · person 1 · 0.0 to 1.4 s", "2 trousers · person 1 · 0.0 to 1.4 s"]
    assert titles(app) == ["**1. red**", "**2. blue**"]
    assert "100% of the votes" in said
    item.set_value(2).run()
    assert titles(app) == ["**1. blue**", "**2. red**"]
    files = {b.proto.label: b for b in app.get("download_button")}
    assert set(files) == {"Video (MP4)", "Items (JSON)"}
    assert len(app.get("plotly_chart")) == 2
    assert len(app.get("video")) == 1
    assert "fashionviz video walk.mp4 --catalogue colours --out annotated.mp4 --json events.json --every 2" in [
        c.value for c in app.code
    ]
    stages = next(frame.value for frame in app.dataframe if "stage" in frame.value.columns)
    assert {"decode", "detect", "embed", "search", "total"} <= set(stages["stage"])
    app.button(key="more_2").click().run()
    assert not app.exception
    assert app.title[0].value == "Find the item"
    assert app.query_params["like"] in ("colours/red.png", ["colours/red.png"])


def test_the_player_starts_where_the_item_comes_into_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = own_video.Run("colours", 3, job=SimpleNamespace(result=watched(), finished=True, error=None, cancelled=False))  # type: ignore[arg-type]
    app = with_video(monkeypatch, tmp_path, video_run=run)
    app.session_state["video"].annotated.write_bytes(b"film")
    app.selectbox(key=video_result.ITEM).set_value(2).run()
    app.button(key="jump").click().run()
    (player,) = app.get("video")
    assert player.proto.start_time == 3
    assert player.proto.alt
    assert "Nothing was searched for it" in words(app)


def test_an_item_that_was_pressed_is_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {video_result.ITEM: 1}
    monkeypatch.setattr(st, "session_state", state)
    for points, picked in (([{"customdata": [3]}], 3), ([{"customdata": 2}], 2), ([], 2)):
        state[video_result.TIMELINE] = {"selection": {"points": points}}
        video_result._picked()
        assert state[video_result.ITEM] == picked


def test_while_it_runs_the_latest_frame_is_shown_and_it_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.0)
    halfway, real = threading.Event(), video_wiring.watch

    def slow(*arguments: Any, on_progress: Any, cancel: threading.Event, **choices: Any) -> Any:
        def step(progress: Progress) -> None:
            on_progress(progress)
            if progress.done == 12:
                halfway.set()
                assert cancel.wait(60)

        return real(*arguments, on_progress=step, cancel=cancel, **choices)

    monkeypatch.setattr(video_wiring, "watch", slow)
    app = with_video(monkeypatch, tmp_path)
    app.button(key="watch").click().run()
    assert halfway.wait(60)
    app.run()
    assert not app.exception
    assert app.session_state["video_run"].glimpse.pixels.shape == (120, 160, 3)
    assert "items so far" in words(app)
    assert app.get("progress")[0].proto.text.startswith("Watching the video")
    assert "frame 12 of 15" in app.get("progress")[0].proto.text
    app.button(key="cancel_job").click().run()
    assert app.session_state["video_run"].job.wait(60)
    app.run()
    assert "Stopped; nothing was kept of it" in words(app)
    assert [p.name for p in app.session_state["video"].folder.iterdir()] == ["video"]


def test_nobody_waits_for_a_page_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    open_pages = {"s"}
    fake = SimpleNamespace(is_active_session=lambda session: session in open_pages)
    monkeypatch.setattr(own_video.runtime, "exists", lambda: True)
    monkeypatch.setattr(own_video.runtime, "get_instance", lambda: fake)
    monkeypatch.setattr(own_video, "get_script_run_ctx", lambda: SimpleNamespace(session_id="s"))
    here = own_video._visitor()
    assert here()
    open_pages.clear()
    assert here(), "a page that is opened again in a moment finds its work"
    monkeypatch.setattr(own_video, "GONE_S", 0.0)
    assert not here()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("photo.png", flat(1, 2, 3), "This is a picture, not a video."),
        ("notes.txt", b"no video at all", "This is no video that can be read here."),
        ("cut.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 40, "damaged or cut off"),
    ],
)
def test_a_bad_file_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, said: str) -> None:
    state = taken(monkeypatch, data, name)
    assert said in state[own_video.PROBLEM]
    assert own_video.HELD not in state
    assert not list(own_video.root().iterdir()), "nothing of it is kept"
    app = page()
    app.session_state[own_video.PROBLEM] = state[own_video.PROBLEM]
    app.run()
    assert said in words(app)


def test_a_video_lies_in_a_private_folder_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = with_video(monkeypatch, tmp_path)
    folder = app.session_state["video"].folder
    assert oct(own_video.root().stat().st_mode)[-3:] == oct(folder.stat().st_mode)[-3:] == "700"
    assert "Add a video" in words(page()), "another visitor's page"
    app.button(key="drop_video").click().run()
    assert not folder.exists()
    assert "Add a video" in words(app)
    now = int(time.time())
    for name in (f"{now - 4000}-old", f"{now - 100}-young"):
        (own_video.root() / name).mkdir()
    assert own_video.sweep() == 1
    late = with_video(monkeypatch, tmp_path)
    late.session_state["video"].source.unlink()
    late.run()
    assert "within the hour" in words(late)


def test_videos_wait_for_their_turn() -> None:
    cancel = threading.Event()
    with videos.turn(cancel), videos.turn(cancel):
        cancel.set()
        with pytest.raises(Cancelled), videos.turn(cancel):
            pass
    with videos.turn(cancel):
        pass


def test_only_the_studios_uploads_may_be_as_large_as_a_video() -> None:
    limit = BodyLimit(None)._limit  # type: ignore[arg-type]
    assert limit("/studio/_stcore/upload_file/session/file") == MAX_STUDIO_UPLOAD >= MAX_VIDEO
    for path in ("/studio/_stcore/upload_file", "/studio/video", "/api/v1/predict", "/"):
        assert limit(path) == MAX_BODY


def test_the_words_hold_numbers_with_units() -> None:
    result = watched()
    assert videos.speed(result) == "11.7 frames a second; the video has 10"
    assert "2 of 50 frames (4%)" in videos.keeping_up(result)
    assert videos.counted(result) == "3 items, worn by 2 people in 5.0 s of video."
    assert videos.clock(139.4) == "2 min 19 s"
    assert json.loads(videos.events_json(result))["dropped_frames"] == 2
    compile(videos.video_python("it's.mp4", "demo", 2), "snippet", "exec")
    assert videos.video_shell("my film.mp4", "demo", 3) == (
        "fashionviz video 'my film.mp4' --catalogue demo --out annotated.mp4 --json events.json"
    )
