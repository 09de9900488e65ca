"""Embedding maps: the embeddings, the layout, the file, and what is known of its items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.errors import DataError
from fashionviz.explain.embedding_map import build_map, embeddings_of, load_map, project, save_map
from fashionviz.explain.kept import NotBuilt
from fashionviz.explain.map_items import FALSE, FOUND, MISSED, NEITHER, RIGHT, UNKNOWN, WRONG, map_items
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from tests.conftest import MODEL, TAGGER, make_weights
from tests.explain.test_channels import split  # noqa: F401  a fixture


def test_embeddings_are_what_the_head_sees(weights: Path) -> None:
    spec = get_model(MODEL)
    network, _ = load_trained(MODEL)
    x = torch.randn(3, 3, *spec.input_size)
    found = embeddings_of(network, spec.head, [x[:2], x[2:]])
    head = network.get_submodule(spec.head)
    with torch.no_grad():
        assert head(torch.from_numpy(found)).numpy() == pytest.approx(network(x).numpy(), abs=1e-3)
    assert not head._forward_pre_hooks


def test_groups_stay_together_and_a_seed_gives_one_map(rng: np.random.Generator) -> None:
    centres = 20 * rng.normal(size=(3, 12))
    labels = np.repeat([0, 1, 2], 15)
    points = (centres[labels] + rng.normal(size=(45, 12))).astype(np.float32)
    xy, words = project(points)
    assert "12 principal components of 12 values" in words
    assert xy.std(axis=0).max() == pytest.approx(1, rel=1e-4)
    distance = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (labels[distance.argmin(axis=1)] == labels).all()
    assert (project(points)[0] == xy).all()
    with pytest.raises(DataError, match="four items"):
        project(points[:3])


def test_a_map_is_built_saved_and_read(weights: Path, split: Path) -> None:  # noqa: F811
    made = build_map(MODEL, split)
    assert made.ids == ("100", "101", "102", "103", "104", "106", "108", "109", "110", "111")
    save_map(made, weights / MODEL)
    read = load_map(MODEL)
    assert read.ids == made.ids
    assert read.xy == pytest.approx(made.xy, abs=6e-4)
    assert (read.source, read.method) == (made.source, made.method)
    make_weights(weights, seed=1)
    with pytest.raises(NotBuilt, match="other weights"):
        load_map(MODEL)


def test_what_is_known_of_the_items(random_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
    items = map_items(MODEL, ["item-0", "nobody"])
    assert items[0].verdict == (RIGHT if items[0].label == items[0].said else WRONG)
    assert items[1].verdict == UNKNOWN


def test_what_is_known_of_a_tag(random_tagger, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    root, tagged = random_tagger
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(root))
    classes = get_model(TAGGER).task.classes
    place = int(tagged.true.sum(axis=0).argmax())
    items = map_items(TAGGER, tagged.ids, classes[place])
    said = tagged.probabilities[:, place].astype(np.float16) >= tagged.report.per_tag[place].threshold
    for row, item in enumerate(items):
        if not tagged.known[row, place]:
            assert item.verdict == UNKNOWN
            continue
        expected = [[NEITHER, FALSE], [MISSED, FOUND]][int(tagged.true[row, place])][int(said[row])]
        assert item.label == expected
