"""iMaterialist Fashion 2018 by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fashionviz.data.formats.imaterialist import LABELS, IMaterialist
from fashionviz.data.formats.problems import Kind
from fashionviz.data.sets import data_root
from fashionviz.errors import DataError
from tests.data.formats.writers import imaterialist, jpeg, put


def write(root: Path, images: Any, annotations: Any) -> None:
    put(root / "train.json", json.dumps({"images": images, "annotations": annotations}))


def test_rows(tmp_path: Path) -> None:
    reader = IMaterialist(imaterialist(tmp_path))
    dress, several, tights = reader
    assert (dress.id, dress.split, dress.category) == ("train/1", "train", "Dresses")
    assert dress.attributes == ("Dresses", "Red")
    assert dress.extra == {"url": "https://example.org/train/1,x.jpg"}
    assert dress.image == tmp_path / "train/1.jpg"
    assert several.category is None, "there are two"
    assert several.attributes == ("Dresses", "Hosiery, Stockings, Tights", "Argyle")
    assert several.image == tmp_path / "train/2.JPEG"
    assert (tights.id, tights.category) == ("validation/1", "Hosiery, Stockings, Tights")
    assert tights.image == tmp_path / "validation/1.jpg", "both splits count from 1"
    assert reader.problems.kinds == (Kind.NO_PICTURE,)
    assert reader.problems.examples(Kind.NO_PICTURE) == ("train.json, annotation 3: image 3",)
    assert reader.total == 4


def test_the_later_spelling_and_another_folder(tmp_path: Path) -> None:
    put(tmp_path / LABELS, "\ufeff" + imaterialist(tmp_path / "x").joinpath(LABELS).read_text())
    document = {"images": [{"image_id": 1, "url": ["u"]}], "annotations": [{"image_id": 1, "label_id": [105]}]}
    put(tmp_path / "val.json", json.dumps(document))
    put(tmp_path / "images/1.png", jpeg())
    reader = IMaterialist(tmp_path)
    assert [(row.split, row.attributes, row.extra["url"]) for row in reader] == [("validation", ("Red",), "u")]
    assert reader.problems.examples(Kind.NO_FILE) == ("train.json",)
    put(tmp_path / "train.json", json.dumps(document))
    with pytest.raises(DataError, match="no folder with the pictures of train"):
        list(IMaterialist(tmp_path))  # images/1.png could be of either split


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    imaterialist(tmp_path)
    write(
        tmp_path,
        [{"imageId": "1"}, {"imageId": "7"}, {"url": "u"}, 5],
        [
            {"imageId": "1", "labelId": ["66", "999", None]},
            {"imageId": "1", "labelId": []},
            {"imageId": "2", "labelId": []},
            {"imageId": "x", "labelId": []},
            {"imageId": "4", "labelId": "66"},
        ],
    )
    reader = IMaterialist(tmp_path, "train")
    assert [row.attributes for row in reader] == [("Dresses",), ()]
    assert reader.problems.count(Kind.UNKNOWN_LABEL) == 2
    assert reader.problems.examples(Kind.DUPLICATE) == ("train.json, annotation 2: image 1",)
    assert reader.problems.examples(Kind.ONE_FILE) == (
        "train.json, annotation 3: image 2 is not among the images",
        "train.json: image 7 has no annotation",
    )
    assert reader.problems.examples(Kind.MALFORMED) == (
        "train.json, image 3: imageId is missing",
        "train.json, image 4: an object was expected",
        "train.json, annotation 4: 'x' is no whole number",
        "train.json, annotation 5: its labels are no list",
    )


def test_what_cannot_be_right_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imaterialist(tmp_path)
    for content, words in {
        '{"images": [],\n"annotations": [}': "train.json, line 2: no valid JSON",
        "[]": "train.json: an object with images and annotations",
        '{"images": {}, "annotations": []}': "train.json, images: a list was expected",
        '{"images": [], "annotations": [1]}': "annotation 1: an object was expected. No annotation could be read",
    }.items():
        put(tmp_path / "train.json", content)
        with pytest.raises(DataError) as caught:
            list(IMaterialist(tmp_path))
        assert words in str(caught.value)
    (tmp_path / "train.json").unlink()
    with pytest.raises(DataError, match=r"lacks train.json"):
        list(IMaterialist(tmp_path, "train"))
    put(tmp_path / LABELS, "labelId,taskId,labelName,taskName\n1,6,Argyle,pattern\nx,6,Argyle,pattern\n")
    with pytest.raises(DataError, match=f"{LABELS}, line 3"):
        list(IMaterialist(tmp_path))
    put(tmp_path / LABELS, "a,b\n")
    with pytest.raises(DataError, match=f"{LABELS}, line 1"):
        list(IMaterialist(tmp_path))
    (tmp_path / LABELS).unlink()
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match="put the publisher's"):
        list(IMaterialist(tmp_path))


def test_the_published_labels(tmp_path: Path) -> None:
    path = data_root() / "vocab" / LABELS
    if not path.is_file():
        pytest.skip("The vocabulary is not here.")
    put(tmp_path / LABELS, path.read_bytes())
    labels = IMaterialist(tmp_path)._labels()
    assert len(labels) == len({name for name, _ in labels.values()}) == 228
    assert len({task for _, task in labels.values()}) == 8
    assert labels[89] == ("Hosiery, Stockings, Tights", "category")
