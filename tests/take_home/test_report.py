"""The report on a photo: what stands in it, that it asks nobody for anything, and that it can be made again."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionviz import images
from fashionviz.errors import Cancelled, InvalidRequest, ModelNotTrained, Overloaded, UnknownModel
from fashionviz.explain.trust import replaced
from fashionviz.figures.gallery import trust_rows, trust_words
from fashionviz.figures.pictures import attribution_signed
from fashionviz.images import Photo
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import Progress
from fashionviz.take_home.gather import take_home
from fashionviz.take_home.page import framed, report_html
from fashionviz.take_home.result import TakeHome, Wish
from fashionviz.trust_results import Trust
from tests.conftest import MODEL

HOSTILE = "\"><script>alert(1)</script>' onerror=x {{7*7}} {% raw %} & <b>.jpg"


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture(scope="module")
def found(engine: Engine, shirt: Photo) -> TakeHome:
    return take_home(engine, shirt, HOSTILE, Wish((MODEL,), target="Women/Other", trust="none"))


class Page(HTMLParser):
    """Elements with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def test_everything_stands_in_it(found: TakeHome, engine: Engine) -> None:
    page = Page(report_html(found))
    part = found.parts[0]
    assert part.prediction is not None
    for score in part.prediction.scores:
        assert score.label in page.text
    assert f"{part.prediction.top.probability:.1%}" in page.text
    assert [attribution.method for attribution in part.maps] == ["guided-backprop", "grad-cam"]
    assert page.text.count("for Women/Other") == 2
    assert "Guided backprop is known to be nearly insensitive" in page.text
    assert str(engine.model(MODEL).sha256) in page.text
    assert found.parts[0].activations is not None
    assert f"Activation maps of {found.parts[0].activations.layer}" in page.text
    assert "Filters of features.0.0" in page.text
    assert dict(found.versions)["torch"] in page.text
    assert found.made.isoformat(timespec="seconds") in [t["datetime"] for t in page.all("time")]
    codes = re.findall(r"<pre><code>(.*?)</code></pre>", report_html(found), re.DOTALL)
    assert len(codes) == 2 * 5 + 2
    expected = base64.b64encode(images.encode_png(attribution_signed(part.maps[0]))).decode()
    assert expected in report_html(found)


def test_it_asks_nobody_and_runs_nothing(found: TakeHome) -> None:
    text = report_html(found)
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base", "a", "b"}
    for _, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "href", "srcset")]
    sources = [str(attrs["src"]) for attrs in page.all("img")]
    assert sources
    assert all(re.match(r"data:image/(png|jpeg);base64,", source) for source in sources)
    assert all("alt" in attrs for attrs in page.all("img"))
    policy = next(str(m["content"]) for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'")
    assert "unsafe" not in policy
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_names_are_words(found: TakeHome) -> None:
    """Names come from visitors: they neither close a tag nor reach the template."""
    text = report_html(found)
    assert "<script" not in text
    assert "<b>" not in text
    assert HOSTILE in Page(text).text
    info = replace(found.parts[0].info, note="<img src=x>", title="<i>title</i>")
    worse = replace(found, parts=(replace(found.parts[0], info=info, missing=("<u>no</u>",)),))
    assert Page(report_html(worse)).text.count("<u>no</u>") == 1
    assert "<u>" not in report_html(worse)
    assert "<img src=x>" not in report_html(worse)


def test_the_same_photo_gives_the_same_page(found: TakeHome, engine: Engine, shirt: Photo) -> None:
    again = take_home(engine, shirt, HOSTILE, Wish((MODEL,), target="Women/Other", trust="none"))

    def without_times(text: str) -> str:
        return re.sub(r'<time datetime=".*?</time>|<span class="ms">.*?</span>', "", text)

    first, second = report_html(found), report_html(replace(again, made=again.made.replace(year=2001)))
    assert first != second
    assert without_times(first) == without_times(second)


def test_the_photo_is_pixels_alone(engine: Engine) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    out = io.BytesIO()
    Image.fromarray(np.full((90, 60, 3), 128, np.uint8)).save(out, "JPEG", exif=exif, comment=b"a secret comment")
    made = take_home(engine, images.decode(out.getvalue()), "a.jpg", Wish(methods=()))
    source = next(str(a["src"]) for a in Page(report_html(made)).all("img") if "jpeg" in str(a["src"]))
    data = base64.b64decode(source.partition(",")[2])
    assert b"secret" not in data
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.size == (60, 90)
        assert not opened.getexif()
        assert "comment" not in opened.info


def test_a_region_is_outlined(shirt: Photo) -> None:
    plain, outlined = np.asarray(framed(shirt, None)), np.asarray(framed(shirt, (50, 50, 150, 200)))
    changed = np.argwhere((plain != outlined).any(axis=2))
    assert changed.min(axis=0).tolist() == [50, 50]
    assert changed.max(axis=0).tolist() == [200, 150]
    assert (plain[100, 100] == outlined[100, 100]).all()


def test_what_makes_no_sense_is_said_first(engine: Engine, shirt: Photo) -> None:
    for wish, error in (
        (Wish(("no.model",)), UnknownModel),
        (Wish(("resnet152.gender_category",)), ModelNotTrained),
        (Wish(methods=("tea-leaves",)), InvalidRequest),
        (Wish(target="Pets"), InvalidRequest),
        (Wish(trust="some"), InvalidRequest),  # type: ignore[arg-type]
        (Wish(box=(0, 0, 2, 2)), images.ImageTooSmall),
    ):
        with pytest.raises(error):
            take_home(engine, shirt, "a.jpg", wish)


def test_progress_counts_every_answer_and_it_can_be_stopped(engine: Engine, shirt: Photo) -> None:
    steps: list[Progress] = []
    take_home(engine, shirt, "a.jpg", Wish(methods=("gradient",), trust="none"), on_progress=steps.append)
    assert [(step.done, step.total) for step in steps] == [(i, 4) for i in range(1, 5)]
    assert steps[-1].seconds_left == 0
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        take_home(engine, shirt, "a.jpg", Wish(methods=()), on_progress=lambda _: cancel.set(), cancel=cancel)


def test_how_far_a_map_can_be_trusted_stands_below_it(
    engine: Engine, shirt: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers are those that the engine gives."""
    told: list[Trust] = []
    ask = engine.trust
    monkeypatch.setattr(replaced, "__defaults__", (3,))  # steps of a curve: the numbers do not matter here
    monkeypatch.setattr(engine, "trust", lambda *a, **k: told.append(ask(*a, **k)) or told[-1])
    steps: list[Progress] = []
    wish = Wish((MODEL,), ("grad-cam", "occlusion"), "Women/Other")
    assert [wish.checks(method) for method in wish.methods] == [True, False]
    assert [replace(wish, trust="all").checks(method) for method in wish.methods] == [True, True]
    made = take_home(engine, shirt, "a.jpg", replace(wish, methods=("grad-cam",)), on_progress=steps.append)
    part, alone = made.parts[0], told[0]
    assert (alone.attribution.method, alone.attribution.target) == ("grad-cam", "Women/Other")
    assert part.trust == (alone,)
    assert part.maps == (alone.attribution,)
    text = Page(report_html(made)).text
    assert f"{trust_words(alone)[1]} {alone.sentence}" in " ".join(text.split())
    for name, value, compare in trust_rows(alone):
        assert name in text
        assert f"{value:.3f}" in text
        assert compare in text
    assert alone.shares_note in text
    assert "--method grad-cam" in text
    assert "fashionviz trust a.jpg" in text
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert len(set(done)) > 5, "the long one says how far it is, beside the five answers"
    assert done[-1] == steps[-1].total
    assert "Can this map be trusted?" not in report_html(take_home(engine, shirt, "a.jpg", replace(wish, methods=())))


def test_what_fails_is_a_sentence_in_its_place(engine: Engine, shirt: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Overloaded("Too many explanations are waiting.")

    monkeypatch.setattr(engine, "explain", full)
    made = take_home(engine, shirt, "a.jpg", Wish(methods=("gradient",), trust="none"))
    assert made.parts[0].missing == ("Too many explanations are waiting.",)
    assert not made.failed
    assert "Too many explanations are waiting." in Page(report_html(made)).text
    monkeypatch.setattr(engine, "trust", full)
    made = take_home(engine, shirt, "a.jpg", Wish(methods=("gradient",)))
    assert made.parts[0].missing[0].startswith("How far the map of Gradient can be trusted is not known. Too many")
    monkeypatch.setattr(engine, "predict", full)
    with pytest.raises(Overloaded):  # nobody answered
        take_home(engine, shirt, "a.jpg")
