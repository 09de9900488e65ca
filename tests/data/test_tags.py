"""Tags of the catalogue by hand, and how many there are where the data are present."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data.sets import data_root, open_set, split_of
from fashionviz.data.street_tags import STREET_TAGS, street_targets
from fashionviz.data.tags import (
    GROUPS,
    LEAST,
    Tag,
    read_vocabulary,
    shipped_vocabulary,
    tag_vocabulary,
    write_vocabulary,
)
from fashionviz.errors import DataError

ROWS = [
    {"articleType": "Shirts", "baseColour": "Blue", "gender": "Men", "season": "Fall", "usage": "Casual"},
    {"articleType": "Shirts", "baseColour": "Red", "gender": "Men", "season": None, "usage": ""},
    {"articleType": "Heels", "baseColour": "Red", "gender": "Women", "season": "Fall", "usage": "Casual"},
    {"articleType": "Sarees", "baseColour": "Blue", "gender": "Women"},
]


def test_values_of_enough_items_become_tags_most_frequent_first() -> None:
    vocabulary = tag_vocabulary(ROWS, least=2)
    assert vocabulary.tags == (
        Tag("articleType", "Shirts", 2),
        Tag("baseColour", "Blue", 2),
        Tag("baseColour", "Red", 2),
        Tag("gender", "Men", 2),
        Tag("gender", "Women", 2),
        Tag("season", "Fall", 2),
        Tag("usage", "Casual", 2),
    )
    assert vocabulary.items == 4
    assert vocabulary.places("baseColour") == range(1, 3)
    assert vocabulary.names[1] == "baseColour: Blue"


def test_a_missing_value_is_masked_and_a_rare_one_is_none_of_them() -> None:
    vocabulary = tag_vocabulary(ROWS, least=2)
    true, known = vocabulary.targets(ROWS)
    assert true.sum(1).tolist() == [5, 3, 4, 2]
    assert known[1].tolist() == [True] * 5 + [False] * 2, "season and usage are not known"
    assert known[2].all()
    assert not true[2, 0], "heels are rare: no shirt, which is known"
    assert not true[~known].any()


def test_nothing_frequent_enough() -> None:
    with pytest.raises(DataError, match="has 20 items"):
        tag_vocabulary(ROWS)


def test_tags_of_the_catalogue() -> None:
    if not (data_root() / "fpi").is_dir():
        pytest.skip("The catalogue is not here.")
    rows = open_set("fpi", "train").table(list(GROUPS)).to_pylist()
    vocabulary = tag_vocabulary(rows)
    assert len(vocabulary) == 138
    assert min(tag.count for tag in vocabulary.tags) >= LEAST
    true, known = vocabulary.targets(rows)
    assert true.sum(0).tolist() == [tag.count for tag in vocabulary.tags]
    for group in GROUPS:
        where = vocabulary.places(group)
        assert np.all(true[:, where.start : where.stop].sum(1) <= 1)
        assert known[:, where.start].mean() > 0.99


def test_the_command_lists_the_most_frequent(tmp_path: Path) -> None:
    rows = [{group: row.get(group) for group in GROUPS} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train-00000-of-00001.parquet")
    result = CliRunner().invoke(app, ["data", "tags", str(tmp_path), "--least", "2", "--most", "3"])
    assert result.exit_code == 0
    assert "7 tags of 4 items" in result.stdout
    assert "--most 7 shows all" in result.stdout
    document = json.loads(CliRunner().invoke(app, ["data", "tags", str(tmp_path), "--least", "2", "--json"]).stdout)
    assert document["items"] == 4
    assert document["tags"][0] == {"group": "articleType", "value": "Shirts", "count": 2}
    refused = CliRunner().invoke(app, ["data", "tags", str(tmp_path)])
    assert refused.exit_code == 2
    assert "has 20 items or more" in " ".join(refused.stderr.split())


def test_the_shipped_tags_are_those_of_the_train_split() -> None:
    if not (data_root() / "fpi").is_dir():
        pytest.skip("The catalogue is not here.")
    rows = open_set("fpi", "train").table(list(GROUPS)).to_pylist()
    assert tag_vocabulary(rows) == shipped_vocabulary()


def test_a_vocabulary_survives_its_file(tmp_path: Path) -> None:
    vocabulary = tag_vocabulary(ROWS, least=2)
    write_vocabulary(vocabulary, tmp_path / "tags.json")
    assert read_vocabulary(tmp_path / "tags.json") == vocabulary
    (tmp_path / "tags.json").write_text('{"tags": [{"group": "a"}]}')
    with pytest.raises(DataError, match="no vocabulary of tags"):
        read_vocabulary(tmp_path / "tags.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_vocabulary(tmp_path / "none.json")


def test_street_tags_are_the_frequent_names_of_the_train_split() -> None:
    if not (data_root() / "ccp").is_dir():
        pytest.skip("The street photos are not here.")
    counts: Counter[str] = Counter()
    for split in ("train", "tags"):
        for row in open_set("ccp", split).table(["id", "tags"]).to_pylist():
            if split_of("ccp", row["id"]) == "train":
                counts.update(set(row["tags"]) - {"null", "hair", "skin"})
    assert {name for name, n in counts.items() if n >= LEAST} == set(STREET_TAGS)
    assert [counts[name] for name in STREET_TAGS] == sorted(counts[name] for name in STREET_TAGS)[::-1]


def test_a_street_photo_without_names_says_nothing() -> None:
    true, known = street_targets([{"tags": ["bag", "hair"]}, {"tags": []}, {"tags": None}])
    assert true.sum(1).tolist() == [1, 0, 0]
    assert true[0, STREET_TAGS.index("bag")]
    assert known.all(1).tolist() == [True, False, False]
    assert not known[1:].any()
