"""Measuring a generator, on a small catalogue of drawn pictures."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from fashionviz.data.examples import draw
from fashionviz.data.sets import data_root
from fashionviz.drawing_results import DrawingReport
from fashionviz.errors import DataError
from fashionviz.evaluation import drawings
from fashionviz.evaluation.drawing_report import drawing_report_json, load_drawing_report, save_drawing_report, sheet
from fashionviz.evaluation.drawings import evaluate_drawings
from fashionviz.models.generators import Generator, get_generator
from fashionviz.training.drawing_photos import photos_for

NAME = "cgan64.gender_category"
KINDS = (("Men", "Apparel", "shirt"), ("Women", "Apparel", "dress"), ("Women", "Footwear", "heel"))


class Copyist(Generator):
    """Draws photos that it keeps: the first ones of the class asked for."""

    def __init__(self, pixels: np.ndarray, classes: np.ndarray) -> None:
        super().__init__()
        self.latent = 128
        self.kept = nn.Parameter(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1, requires_grad=False)
        self.places = {c: np.flatnonzero(classes == c) for c in set(classes.tolist())}
        self.asked = dict.fromkeys(self.places, 0)

    def watch(self, z: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
        assert classes is not None
        rows = []
        for c in classes.tolist():
            rows.append(int(self.places[c][self.asked[c] % len(self.places[c])]))
            self.asked[c] += 1
        return {"picture": self.kept[rows]}


@pytest.fixture(scope="module")
def drawn_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three splits of sixty drawn items each, made once: drawing them is what takes long."""
    root = tmp_path_factory.mktemp("catalogue")
    (root / "fpi").mkdir()
    for number, split in enumerate(("train", "validation", "test")):
        rows = [KINDS[k % 3] for k in range(60)]
        pictures = []
        for k, row in enumerate(rows):
            out = io.BytesIO()
            Image.fromarray(draw(row[2], 1000 * number + k)).resize((60, 80)).save(out, "PNG")
            pictures.append({"bytes": out.getvalue(), "path": None})
        facts = {
            "id": [1000 * number + k for k in range(60)],
            "gender": [r[0] for r in rows],
            "masterCategory": [r[1] for r in rows],
            "image": pictures,
        }
        pq.write_table(pa.table(facts), root / "fpi" / f"{split}-00000-of-00001.parquet")
    return root


@pytest.fixture
def catalogue(drawn_catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    backbones = data_root().parent / "weights"
    if not (backbones / "mobilenet_v2_imagenet.safetensors").is_file():
        pytest.skip("the ImageNet weights of MobileNetV2 are not here")
    monkeypatch.setenv("FASHIONVIZ_BACKBONES", str(backbones))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(drawn_catalogue))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(drawings, "DRAWS", 2)
    return drawn_catalogue


def copied(split: str) -> DrawingReport:
    photos = photos_for(get_generator(NAME), split)
    return evaluate_drawings(NAME, generator=Copyist(photos.pixels, photos.classes), sha256="0" * 64)


def test_photos_pass_for_photos_and_copies_for_copies(catalogue: Path) -> None:
    other, learned = copied("validation"), copied("train")
    assert other.n == learned.n == 60
    assert other.distance("drawn").frechet == pytest.approx(other.distance("real").frechet, rel=0.02)
    assert other.on_scale() == pytest.approx(0, abs=0.05)
    assert other.distance("shuffled").frechet > other.distance("blurred").frechet > other.distance("real").frechet
    assert learned.near_copies.value == 1  # every picture is a training item
    assert all(copy.cosine > 0.999 for copy in learned.nearest)
    assert other.near_copies.value < 0.5
    assert other.near_copies_real.value == pytest.approx(0.05, abs=0.02)
    assert other.precision.value > 0.8
    assert other.spread == pytest.approx(1, abs=0.2)
    assert other.agreement is not None
    assert other.agreement_real is not None
    assert np.sum(other.asked) == 60
    named = dict(zip(get_generator(NAME).classes, np.sum(other.asked, axis=1), strict=True))
    assert named["Women/Other"] == 20


class Half(Generator):
    """Draws the class asked for where the latent's first number is above 0, else a grey picture."""

    def __init__(self, pixels: np.ndarray, classes: np.ndarray) -> None:
        super().__init__()
        self.latent = 128
        self.kept = nn.Parameter(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1, requires_grad=False)
        self.first = {c: int(np.flatnonzero(classes == c)[0]) for c in set(classes.tolist())}

    def watch(self, z: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
        assert classes is not None
        drawn = self.kept[[self.first[c] for c in classes.tolist()]]
        return {"picture": torch.where(z[:, :1, None, None] > 0, drawn, 0.0)}


class Sees(nn.Module):
    """Is the surer of the class asked for the more a picture varies."""

    def forward(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        names = torch.zeros(len(images), 6)
        names[torch.arange(len(images)), classes] = images.std(dim=(1, 2, 3))
        return torch.zeros(len(images)), names


def test_drawings_are_measured_as_the_discriminator_chooses_them(catalogue: Path, tmp_path: Path) -> None:
    photos = photos_for(get_generator(NAME), "validation")
    half = Half(photos.pixels, photos.classes)
    plain = evaluate_drawings(NAME, generator=half, sha256="0" * 64)
    chosen = evaluate_drawings(NAME, generator=half, judge=Sees(), sha256="0" * 64)
    assert (plain.tries, plain.agreement_first) == (1, None)
    assert chosen.tries == get_generator(NAME).tries == 3
    assert chosen.agreement_first == plain.agreement
    # Every second picture is grey, of those chosen among three one in eight.
    assert chosen.agreement is not None
    assert plain.agreement is not None
    assert chosen.agreement.count > plain.agreement.count + 10
    (tmp_path / NAME).mkdir()
    save_drawing_report(chosen, tmp_path / NAME)
    facts = json.loads((tmp_path / NAME / "report.json").read_text())
    assert facts["tries"] == 3
    assert facts["agreement_first"]["value"] == plain.agreement.value


def test_one_picture_over_and_over_is_told(catalogue: Path) -> None:
    photos = photos_for(get_generator(NAME), "validation")
    first = np.array([int(np.flatnonzero(photos.classes == c)[0]) for c in photos.classes])
    report = evaluate_drawings(NAME, generator=Copyist(photos.pixels[first], photos.classes), sha256="0" * 64)
    assert report.recall.value < 0.3
    assert report.distance("drawn").frechet > report.distance("real").frechet


def test_a_report_comes_back(catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = copied("validation")
    folder = tmp_path / "weights" / NAME
    folder.mkdir(parents=True)
    save_drawing_report(report, folder)
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(folder.parent))
    assert load_drawing_report(NAME) == report
    facts = drawing_report_json(report)
    assert facts["on_scale"]["frechet"] == report.on_scale()
    assert facts["recall"]["value"] == report.recall.value
    json.dumps(facts)
    assert load_drawing_report("dcgan.all") is None


def test_too_few_photos_are_refused(catalogue: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.parquet"
    pq.write_table(pq.read_table(catalogue / "fpi" / "test-00000-of-00001.parquet").slice(0, 20), few)
    with pytest.raises(DataError, match="too few"):
        evaluate_drawings(NAME, str(few), None, generator=Copyist(np.zeros((1, 64, 64, 3)), np.zeros(1)), sha256="0")


def test_a_sheet_has_its_pictures_in_rows() -> None:
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((5, 4, 4, 3), np.uint8)
    laid = sheet(pictures, across=2, gap=1)
    assert laid.shape == (14, 9, 3)
    assert (laid[10:, :4] == 4).all()
    assert (laid[:, 4] == 255).all()
