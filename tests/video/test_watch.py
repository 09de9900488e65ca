"""A video to its items, on clips whose right answer is known, and the real one with the real networks."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from fashionviz.errors import Cancelled, InvalidRequest, StorageError
from fashionviz.images import Photo
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.curve import MatchCurve
from fashionviz.match.errors import EmbedderMismatch
from fashionviz.match.protocols import Found
from fashionviz.match.results import CatalogueItem
from fashionviz.match.store import NewItem
from fashionviz.results import ModelRef, Progress
from fashionviz.video.decode import open_video
from fashionviz.video.errors import VideoFormat
from fashionviz.video.json_parts import watched_json
from fashionviz.video.looks import VIEWS, worth_of
from fashionviz.video.pace import dropped_frames, stage_time
from fashionviz.video.results import Glimpse, Watched
from fashionviz.video.watch import watch_video
from fashionviz.video.wiring import sample_video
from tests.match.fakes import Colours, made
from tests.video.clips import BLUE, GROUND, RED, REF, SIZE, Patches, clip, walk


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((20, 20, 3), colour, np.uint8)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    held = made(tmp_path / "colours")
    vectors = Colours().embed([flat(colour) for colour in (RED, BLUE, (20, 200, 20))])
    with held.writer() as writer:
        for (name, category), vector in zip(
            (("red", "warm"), ("blue", "cold"), ("green", "cold")), vectors, strict=True
        ):
            writer.add([NewItem(CatalogueItem(name, category, name), vector)])
        writer.calibrate(MatchCurve(slope=10.0, intercept=-5.0, n=9, data="a test", sha256=Colours.ref.sha256))
    return held


def watched(data: bytes | Path, catalogue: Catalogue, **choices: object) -> Watched:
    return watch_video(data, catalogue, Colours(), Patches(), REF, name="walk.mp4", **choices)  # type: ignore[arg-type]


@pytest.mark.parametrize("every", [1, 3, 5])
def test_the_items_of_a_video(catalogue: Catalogue, every: int) -> None:
    detector = Patches()
    result = watch_video(clip(walk(30)), catalogue, Colours(), detector, REF, every=every)
    red, blue = result.sightings
    assert [(red.label, red.id, red.wearer), (blue.label, blue.id, blue.wearer)] == [("top", 1, 1), ("bag", 2, 2)]
    assert [s.matches[0].item.id for s in result.sightings] == ["red", "blue"]
    assert red.matches[0].score > 0.99
    assert red.matches[0].probability == pytest.approx(1 / (1 + np.exp(-(10 * red.matches[0].score - 5))))
    assert (red.first_s, blue.first_s) == (0.0, pytest.approx(-(-10 // every) * every / 10))
    assert red.last_s == pytest.approx((29 // every) * every / 10)
    assert 1 <= red.views <= VIEWS
    assert detector.asked == -(-30 // every)
    assert (result.frames, result.seconds) == (30, pytest.approx(3.0))
    np.testing.assert_allclose(red.picture.reshape(-1, 3).mean(axis=0), RED, atol=25)


def test_the_film_shows_boxes_in_every_frame(catalogue: Catalogue, tmp_path: Path) -> None:
    """Between two looks, too: the box is where the patch is, not where it was."""
    out = tmp_path / "out" / "film.mp4"
    watched(clip(walk(30, second=False)), catalogue, out=out, every=5)
    with open_video(out) as film:
        frames = list(film.frames(60))
        assert len(frames) == 30
        assert film.info.fps == 10
    np.testing.assert_allclose([f.second for f in frames], np.arange(30) / 10, atol=0.01)
    plain = walk(30, second=False)
    # Unconfirmed until its third look (frame 10); then its left border moves by a pixel a frame.
    edges = []
    for t in range(11, 26):
        changed = np.abs(frames[t].pixels[30:40].astype(int) - plain[t][30:40]).sum(axis=(0, 2)) > 600
        edges.append(int(np.flatnonzero(changed)[0]) - t)
    assert max(edges) - min(edges) <= 2
    assert not (tmp_path / "out" / "film.mp4.part").exists()


def test_a_new_scene_ends_all_tracks(catalogue: Catalogue) -> None:
    first = walk(12, second=False)
    dark = [np.full((*SIZE, 3), 10, np.uint8) for _ in range(12)]
    for t, pixels in enumerate(dark):
        pixels[8:40, 4 + 12 + t : 36 + 12 + t] = RED  # at the place where the first one was going
    result = watched(clip([*first, *dark]), catalogue, every=2)
    assert [s.label for s in result.sightings] == ["top", "top"]
    assert result.sightings[0].last_s < 1.2 <= result.sightings[1].first_s


def test_what_turns_out_to_be_scenery_is_taken_back(catalogue: Catalogue) -> None:
    """A blue box on the floor is found late; a number that was given is given to nobody else."""

    class Late(Patches):
        def detect(self, photo: Photo) -> Found:
            found = super().detect(photo)
            kept = [i for i, label in enumerate(found.labels) if label != "bag" or self.asked > 8]
            return Found(*(tuple(row[i] for i in kept) for row in (found.boxes, found.scores, found.labels)))

    frames = walk(40, second=False)
    for pixels in frames:
        pixels[56:88, 120:152] = BLUE
    seen: list[Glimpse] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fashionviz.video.watch.GLIMPSE_S", 0.0)
        result = watch_video(clip(frames), catalogue, Colours(), Late(), REF, every=2, on_glimpse=seen.append)
    assert [(s.id, s.label) for s in result.sightings] == [(1, "top")]
    assert [s.id for s in max((g.sightings for g in seen), key=len)] == [2, 1], "it was believed for a while"


def test_a_second_garment_of_somebody_who_stands_still_is_no_scenery(catalogue: Catalogue) -> None:
    """Its place looked just so before it was found, but somebody stood there."""

    class Halves(Patches):
        def detect(self, photo: Photo) -> Found:
            found = super().detect(photo)
            if self.asked <= 12 or not found.boxes:
                return found
            x0, y0, x1, y1 = found.boxes[0]
            return Found((*found.boxes, (x0, (y0 + y1) / 2, x1, y1)), (*found.scores, 0.8), (*found.labels, "skirt"))

    frames = walk(10, second=False)
    frames += [frames[-1]] * 40
    result = watch_video(clip(frames), catalogue, Colours(), Halves(), REF, every=2)
    assert [s.label for s in result.sightings] == ["top", "skirt"]


def test_nothing_in_sight(catalogue: Catalogue) -> None:
    result = watched(clip([np.full((*SIZE, 3), GROUND, np.uint8)] * 8), catalogue)
    assert result.sightings == ()
    assert {time.stage for time in result.stages} == {"decode", "detect", "track", "total"}


def test_progress_and_glimpses(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionviz.video.watch.GLIMPSE_S", 0.0)
    steps: list[Progress] = []
    seen: list[Glimpse] = []
    watched(clip(walk(30)), catalogue, on_progress=steps.append, on_glimpse=seen.append)
    assert [(p.done, p.total) for p in steps] == [(n, 30) for n in range(1, 31)]
    assert len(seen) == 10
    assert seen[-1].pixels.shape == (*SIZE, 3)
    assert [s.id for s in seen[-1].sightings] == [2, 1]


def test_cancelled_leaves_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    cancel = threading.Event()
    out = tmp_path / "film.mp4"
    with pytest.raises(Cancelled):
        watched(clip(walk(30)), catalogue, out=out, cancel=cancel, on_progress=lambda p: cancel.set())
    assert list(tmp_path.glob("*.mp4*")) == []


def test_refusals(catalogue: Catalogue, tmp_path: Path) -> None:
    data = clip(walk(5))
    with pytest.raises(InvalidRequest, match="every 5th"):
        watched(data, catalogue, every=6)
    with pytest.raises(InvalidRequest, match="seconds"):
        watched(data, catalogue, seconds=0)
    with pytest.raises(VideoFormat):
        watched(b"GIF89a" + bytes(50), catalogue)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        watched(data, catalogue, out=tmp_path / "file" / "film.mp4")

    class Other(Colours):
        ref = ModelRef("other.item", "c" * 64)

    with pytest.raises(EmbedderMismatch):
        watch_video(data, catalogue, Other(), Patches(), REF)


def test_narrowed_to_the_probable_categories(catalogue: Catalogue) -> None:
    class Cold:
        categories = ("cold", "warm", "hats")

        def name_crop(self, photo: object, box: object) -> tuple[tuple[str, float], ...]:
            return (("cold", 0.8), ("hats", 0.15), ("warm", 0.05))

    result = watched(clip(walk(20, second=False)), catalogue, categoriser=Cold(), narrow=True)
    assert result.sightings[0].categories == (("cold", pytest.approx(0.8)), ("hats", pytest.approx(0.15)))
    assert "red" not in [match.item.id for match in result.sightings[0].matches]


def test_dropped_frames_by_hand() -> None:
    assert dropped_frames([90.0] * 50, 10) == 0  # it keeps up
    assert dropped_frames([400.0, *[50.0] * 9], 10) == 0  # half a second of delay bears one slow frame
    # Twice as slow as the video: at a steady lag of half a second every second frame is missed.
    assert 40 <= dropped_frames([200.0] * 100, 10) <= 50
    assert (
        dropped_frames([2000.0, *[0.0] * 30], 10, delay_s=0.5) == 14
    )  # frames 1 to 14 came while the first was worked on


def test_stage_times_by_hand() -> None:
    time = stage_time("detect", [10.0, 20.0, 30.0], 6)
    assert (time.n, time.p50, time.mean) == (3, 20.0, 10.0)
    assert time.p95 == pytest.approx(29.0)


def test_a_view_cut_off_by_the_frame_is_worth_half() -> None:
    assert worth_of((10, 10, 30, 30), 0.8, (100, 100)) == pytest.approx(16.0)
    assert worth_of((0, 10, 20, 30), 0.8, (100, 100)) == pytest.approx(8.0)


def test_as_json(catalogue: Catalogue) -> None:
    document = json.loads(json.dumps(watched_json(watched(clip(walk(30)), catalogue))))
    assert [event["label"] for event in document["events"]] == ["top", "bag"]
    assert document["events"][0]["matches"][0]["id"] == "red"
    assert len(document["events"][0]["spots"][0]["box"]) == 4
    assert document["timings_ms"]["total"]["n"] == 30
    assert document["timings_ms"]["budget"] == 33.0
    assert document["keeps_up"] == (document["frames_a_second"] >= 10)


def test_the_real_video_with_the_real_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first person stands with her back to us in a long grey cardigan over a skirt, from the eighth second on."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.build import build, open_for_build
    from fashionviz.match.protocols import WholePhoto
    from fashionviz.match.sources import DemoSource
    from fashionviz.match.wiring import best_embedder, trained_detectors
    from fashionviz.video.wiring import watch

    path = sample_video()
    if path is None or not trained_detectors():
        pytest.skip("needs the video and a trained detector")
    engine = shared_engine()
    embedder = best_embedder(engine)
    source = DemoSource(seeds=1)
    catalogue = open_for_build(tmp_path / "demo", source, embedder, WholePhoto(), overwrite=False)
    build(catalogue, source, embedder)
    result = watch(engine, path, catalogue, every=3, seconds=12.0)
    assert result.frames == 121
    there = [s for s in result.sightings if s.last_s > 11 and s.label in {"dress", "outerwear", "top", "skirt"}]
    assert there
    assert 6.0 < there[0].first_s < 10.0
    assert all(s.first_s > 4.0 for s in result.sightings), "wall and floor are there from the start, and stay"
    x0, _, x1, _ = there[0].spots[-1].box
    assert 360 < (x0 + x1) / 2 < 540
    assert len(there[0].matches) > 0
