"""Vectors through the engine, and why two pictures are alike, by a case that can be computed by hand."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fashionviz.annotate.run import annotate
from fashionviz.errors import Cancelled, InvalidRequest, ModelNotTrained
from fashionviz.evaluation.compare import compare
from fashionviz.evaluation.evaluate import evaluate
from fashionviz.evaluation.report import load_report
from fashionviz.explain.job import Job
from fashionviz.explain.methods import METHODS, get_method
from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.disagreement import disagree
from fashionviz.inference.embed import Towards
from fashionviz.inference.engine import Engine
from fashionviz.training.assurance import fit_assurance
from tests.conftest import MODEL as CLASSIFIER
from tests.conftest import make_weights
from tests.items import garment

MODEL = "mobilenet_v2.item"


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine over a random embedder and a random classifier."""
    root = tmp_path_factory.mktemp("embedder")
    make_weights(root, MODEL)
    make_weights(root, CLASSIFIER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(root))
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


def test_a_vector_has_norm_one_and_is_the_networks(embedding: Engine) -> None:
    photo = from_pixels(garment(1, (160, 120)))
    found = embedding.embed(photo)
    assert (found.model.name, found.vector.shape, found.vector.dtype) == (MODEL, (256,), np.float32)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)
    assert not found.vector.flags.writeable
    loaded = embedding._get(MODEL)
    with torch.no_grad():
        expected = loaded.network(loaded.prepare(photo)[0][None])[0]
    assert found.vector == pytest.approx(expected.numpy(), abs=1e-5)
    box = (20.0, 30.0, 100.0, 130.0)
    part = embedding.embed(photo, box=box)
    assert part.box == box
    assert part.vector == pytest.approx(embedding.embed(photo.crop(box)).vector, abs=1e-6)
    assert part.vector @ found.vector < 0.9999
    assert found.timings.as_dict()["compute"] > 0


def test_vectors_share_micro_batches(embedding: Engine) -> None:
    photos = [from_pixels(garment(n)) for n in range(4)]
    alone = [embedding.embed(photo).vector for photo in photos]
    together: list[np.ndarray | None] = [None] * 4

    def ask(i: int) -> None:
        together[i] = embedding.embed(photos[i]).vector

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


class Linear(nn.Module):
    """Vectors that are linear in the pixels, before they are scaled: mean red and mean green of the left half."""

    def forward(self, x: Tensor) -> Tensor:
        left = x[..., : x.shape[3] // 2].mean(dim=(2, 3))[:, :2]
        return left / left.norm(dim=1, keepdim=True)


def test_the_gradient_of_a_cosine_by_hand() -> None:
    x = torch.zeros(1, 3, 2, 4)
    x[0, 0, :, :2], x[0, 1, :, :2] = 3.0, 4.0  # means 3 and 4: the vector (0.6, 0.8)
    item = torch.tensor([1.0, 0.0])
    network = Towards(Linear(), item)
    assert float(network(x)) == pytest.approx(0.6)
    job = Job(network, None, x, 0, "", lambda done, total: None)
    found = get_method("gradient").run(job)
    # d(u·v)/dm = (v − (u·v) u) / |m| = ((1, 0) − 0.6 (0.6, 0.8)) / 5 = (0.128, −0.096); each of 4 pixels has a quarter.
    assert torch.allclose(found[0, :, :2], torch.tensor(0.128 / 4), atol=1e-6)
    assert torch.allclose(found[1, :, :2], torch.tensor(-0.096 / 4), atol=1e-6)
    assert not found[2].any()
    assert not found[:, :, 2:].any(), "the right half counts for nothing"
    shares = get_method("input-x-gradient").run(Job(network, None, x, 0, "", lambda done, total: None))
    assert float(shares.detach().sum()) == pytest.approx(0, abs=1e-6), "a cosine does not change with a vector's length"


def test_every_method_explains_a_match_on_both_pictures(embedding: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from fashionviz.explain import methods

    for constant, value in (("STEPS", 4), ("MOST_STEPS", 16), ("COPIES", 4), ("PLACES", 8)):
        monkeypatch.setattr(methods, constant, value)
    query, item = from_pixels(garment(0, (90, 120))), from_pixels(garment(3))
    cosine = float(embedding.embed(query).vector @ embedding.embed(item).vector)
    steps: list[tuple[int, int]] = []
    for name in METHODS:
        found = embedding.explain_match(query, item, method=name, on_progress=lambda p: steps.append((p.done, p.total)))
        assert found.method == name
        assert found.similarity == pytest.approx(cosine, abs=1e-4)
        for values in (found.query, found.item):
            assert values.shape == (3, 128, 96)
            assert np.isfinite(values).all()
            assert values.any() or "cam" in name, "a random network's Grad-CAM may have nothing that speaks for it"
        assert found.query_view.pixels.shape == found.item_view.pixels.shape == (128, 96, 3)
    assert steps[-1][0] == steps[-1][1]
    swapped = embedding.explain_match(item, query, method="gradient")
    assert swapped.query == pytest.approx(embedding.explain_match(query, item, method="gradient").item, abs=1e-4)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        embedding.explain_match(query, item, method="occlusion", cancel=stop)
    with pytest.raises(InvalidRequest, match="no method"):
        embedding.explain_match(query, item, method="wishes")


def test_it_can_be_looked_into_but_names_nothing(embedding: Engine) -> None:
    photo, info = from_pixels(garment(2)), embedding.model(MODEL)
    assert (info.answer, info.names, info.methods, info.task) == ("embedding", False, (), "item")
    assert info.default
    assert info.classes == ()
    assert str(info.main_metric and info.main_metric["name"]) == "recall_at_1"
    assert embedding.activations(photo, MODEL).maps.ndim == 3
    assert embedding.filters(MODEL).weights.shape == (32, 3, 3, 3)
    assert load_report(MODEL) is None
    assert [o.model.name for o in disagree(embedding, photo).opinions] == [CLASSIFIER]
    for ask in (
        lambda: embedding.predict(photo, MODEL),
        lambda: embedding.explain(photo, MODEL, "gradient"),
        lambda: embedding.trust(photo, MODEL, "gradient"),
        lambda: embedding.segment(photo, MODEL),
        lambda: compare([MODEL]),
        lambda: evaluate(MODEL, "fpi", "test"),
        lambda: fit_assurance(MODEL),
        lambda: annotate(Path("photos"), Path("labels.csv"), models=(MODEL,), engine=embedding),
        lambda: embedding.embed(photo, CLASSIFIER),
        lambda: embedding.explain_match(photo, photo, CLASSIFIER),
    ):
        with pytest.raises(InvalidRequest) as refused:
            ask()
        assert str(refused.value).count(". ") <= 1, "a sentence, and what to do"


def test_without_weights_it_never_guesses(engine: Engine) -> None:
    with pytest.raises(ModelNotTrained, match=f"fashionviz train {MODEL}"):
        engine.embed(from_pixels(garment(0)))
