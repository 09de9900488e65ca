"""DeepFashion by hand: joined lists, case, blanks in names, and what happens to bad lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from fashionviz.data.formats.deepfashion import DeepFashion
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.rows import Landmark
from fashionviz.errors import DataError, InvalidRequest
from tests.data.formats.writers import deepfashion, jpeg, listing, put


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows(tmp_path: Path, end: str) -> None:
    reader = DeepFashion(deepfashion(tmp_path, end))
    tee, jeans, gown, lone = reader
    assert (tee.id, tee.split, tee.category) == ("img/Red_Tee/img_01.jpg", "train", "Tee")
    assert tee.image == tmp_path / "img/Red_Tee/img_01.jpg"
    assert tee.attributes == ("v neck, deep",)
    assert tee.box == (2.0, 3.0, 30.0, 50.0)
    assert tee.landmarks == {
        "left_collar": Landmark(10, 5, "visible"),
        "right_collar": Landmark(20, 6, "occluded"),
        "left_sleeve": Landmark(3, 20, "visible"),
        "right_sleeve": Landmark(37, 21, "visible"),
        "left_hem": Landmark(0, 0, "outside"),
        "right_hem": Landmark(30, 50, "visible"),
    }
    assert tee.extra == {"type": "upper", "variation": "0"}
    assert (jeans.split, jeans.category, jeans.attributes) == ("validation", "Slim Fit, Jeans", ("acid wash",))
    assert list(jeans.landmarks) == ["left_waist", "right_waist", "left_hem", "right_hem"]
    assert jeans.landmarks["right_waist"] == Landmark(29, 2, "occluded")
    assert jeans.extra == {"type": "lower"}
    assert list(gown.landmarks)[4:6] == ["left_waist", "right_waist"]
    assert gown.landmarks["right_hem"] == Landmark(17, 47, "visible")
    assert gown.extra["variation"] == "5"
    assert (lone.category, lone.attributes, lone.box, dict(lone.landmarks)) == (None, (), None, {})
    assert reader.total == 4


def test_differences_in_case_and_rows_in_one_file_are_counted(tmp_path: Path) -> None:
    reader = DeepFashion(deepfashion(tmp_path))
    list(reader)
    assert reader.problems.count(Kind.IGNORING_CASE) == 1
    assert reader.problems.examples(Kind.IGNORING_CASE) == (
        "Anno/list_category_img.txt, line 4: IMG/BLUE_JEANS/IMG_01.JPG for img/Blue_Jeans/img_01.jpg",
    )
    assert reader.problems.count(Kind.ONE_FILE) == 4
    assert reader.problems.examples(Kind.ONE_FILE)[0] == (
        "Eval/list_eval_partition.txt, line 6: img/Lone/1.jpg is not in Anno/list_category_img.txt"
    )
    list(reader)
    assert reader.problems.count(Kind.ONE_FILE) == 4, "a second reading counts anew"


def test_a_split(tmp_path: Path) -> None:
    reader = DeepFashion(deepfashion(tmp_path), "validation")
    assert [row.category for row in reader] == ["Slim Fit, Jeans"]
    assert reader.problems.kinds == (Kind.IGNORING_CASE,)
    with pytest.raises(InvalidRequest, match="train, validation, test, not 'val'"):
        DeepFashion(tmp_path, "val")


def test_rows_that_differ_in_case_only_stay_apart(tmp_path: Path) -> None:
    deepfashion(tmp_path)
    put(tmp_path / "img/TOP/1.jpg", jpeg())
    put(tmp_path / "img/Top/1.jpg", jpeg())
    put(
        tmp_path / "Eval/list_eval_partition.txt",
        listing("image_name status", ["img/TOP/1.jpg train", "img/Top/1.jpg train"]),
    )
    put(
        tmp_path / "Anno/list_category_img.txt",
        listing("image_name label", ["img/Top/1.jpg 3", "img/TOP/1.jpg 1", "img/top/1.jpg 2"]),
    )
    reader = DeepFashion(tmp_path)
    assert [(row.id, row.category) for row in reader] == [("img/TOP/1.jpg", "Tee"), ("img/Top/1.jpg", "Dress")]
    assert reader.problems.count(Kind.IGNORING_CASE) == 0
    assert "img/top/1.jpg is not in" in " ".join(reader.problems.examples(Kind.ONE_FILE))


@pytest.mark.parametrize("base", ["Img", "img"])
def test_folders_in_their_other_places_and_cases(tmp_path: Path, base: str) -> None:
    deepfashion(tmp_path)
    (tmp_path / "img").rename(tmp_path / "pictures")
    (tmp_path / base).mkdir()
    (tmp_path / "pictures").rename(tmp_path / base / "IMG")
    (tmp_path / base / "IMG/Red_Tee").rename(tmp_path / base / "IMG/red_TEE")
    (tmp_path / "Anno").rename(tmp_path / "anno_COARSE")
    rows = list(DeepFashion(tmp_path))
    assert [row.image.relative_to(tmp_path).as_posix() for row in rows[:2]] == [
        f"{base}/IMG/red_TEE/img_01.jpg",
        f"{base}/IMG/Blue_Jeans/img_01.jpg",
    ]


def test_pictures_and_lists_that_are_not_there(tmp_path: Path) -> None:
    deepfashion(tmp_path)
    (tmp_path / "img/Red_Tee/img_01.jpg").unlink()
    for name in ("list_attr_img.txt", "list_bbox.txt", "list_landmarks.txt"):
        (tmp_path / "Anno" / name).unlink()
    reader = DeepFashion(tmp_path)
    assert [row.category for row in reader] == ["Slim Fit, Jeans", "Dress", None]
    assert reader.problems.examples(Kind.NO_PICTURE) == ("img/Red_Tee/img_01.jpg",)
    assert reader.problems.count(Kind.NO_FILE) == 3


@pytest.mark.parametrize(
    ("name", "rows", "kind", "words"),
    [
        ("list_bbox.txt", ["img/Red_Tee/img_01.jpg 1 2 3"], Kind.BAD_BOX, "four numbers, not 3"),
        ("list_bbox.txt", ["img/Red_Tee/img_01.jpg 9 2 3 8"], Kind.BAD_BOX, "9,2,3,8 has no area"),
        ("list_bbox.txt", ["img/Red_Tee/img_01.jpg 1 2 nan 8"], Kind.BAD_BOX, "not all finite"),
        ("list_landmarks.txt", ["img/Red_Tee/img_01.jpg 1 0 0 1 2"], Kind.BAD_LANDMARKS, "6 landmarks of three"),
        ("list_landmarks.txt", ["img/Red_Tee/img_01.jpg 4 0 0 1 2"], Kind.BAD_LANDMARKS, "1, 2 or 3, not 4"),
        (
            "list_landmarks.txt",
            ["img/Red_Tee/img_01.jpg 2 3 1 1 0 1 1 0 1 1 0 1 1"],
            Kind.BAD_LANDMARKS,
            "the visibility of left_waist is 0, 1 or 2, not 3",
        ),
        ("list_category_img.txt", ["img/Red_Tee/img_01.jpg 51"], Kind.UNKNOWN_LABEL, "category 51"),
        (
            "list_category_img.txt",
            ["img/Red_Tee/img_01.jpg 1", "img/Gown/img_01.jpg"],
            Kind.MALFORMED,
            "list_category_img.txt, line 4",
        ),
        (
            "list_attr_img.txt",
            ["img/Red_Tee/img_01.jpg 1 1 1", "img/Gown/img_01.jpg 1 1"],
            Kind.MALFORMED,
            "line 4: 3 attributes were expected, not 2",
        ),
        (
            "list_attr_img.txt",
            ["img/Red_Tee/img_01.jpg 1 1 1", "img/Gown/img_01.jpg 1 1 2"],
            Kind.MALFORMED,
            "neither 1 nor -1 nor 0",
        ),
        (
            "list_category_img.txt",
            ["img/Red_Tee/img_01.jpg 1", "img/Red_Tee/img_01.jpg 2"],
            Kind.DUPLICATE,
            "line 4: img/Red_Tee",
        ),
    ],
)
def test_one_bad_row_is_counted(tmp_path: Path, name: str, rows: list[str], kind: Kind, words: str) -> None:
    deepfashion(tmp_path)
    put(tmp_path / "Anno" / name, listing("names of columns", rows))
    reader = DeepFashion(tmp_path)
    assert len(list(reader)) == 4
    assert reader.problems.count(kind) == 1
    assert words in reader.problems.examples(kind)[0]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("Anno/list_bbox.txt", "many\nimage_name\n", "Anno/list_bbox.txt, line 1: the number of rows"),
        ("Anno/list_bbox.txt", "", "line 1: the number of rows was expected"),
        ("Anno/list_bbox.txt", "1\n", "line 2: the names of the columns"),
        ("Anno/list_category_img.txt", listing("h", ["img/Gown/img_01.jpg 1"], 200), "says 200 rows, there are 1"),
        ("Anno/list_category_img.txt", listing("h", ["img/Gown/img_01.jpg,1"]), "line 3: no path of a picture"),
        ("Anno/list_category_cloth.txt", listing("h", ["Tee 1", "Jeans"]), "line 4: a name and its type"),
        ("Eval/list_eval_partition.txt", listing("h", ["img/a.jpg dev"]), "train, val or test was expected"),
        (
            "Eval/list_eval_partition.txt",
            listing("h", ["img/Gown/img_01.jpg test", "img/../../secret.jpg test"]),
            "Eval/list_eval_partition.txt, line 4: the path 'img/../../secret.jpg' leads out",
        ),
        ("Eval/list_eval_partition.txt", listing("h", ["/etc/secret.jpg test"]), "leads out of the data set"),
        ("Anno/list_bbox.txt", listing("h", ["img\\..\\..\\x.jpg 1 2 3 4"]), "line 3: the path"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    deepfashion(tmp_path)
    put(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        list(DeepFashion(tmp_path))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Eval/list_eval_partition.txt", "lacks Eval/list_eval_partition.txt"),
        ("Anno/list_category_img.txt", "lacks Anno/list_category_img.txt or Anno_coarse/list_category_img.txt"),
        ("Anno/list_attr_cloth.txt", "lacks Anno/list_attr_cloth.txt"),
        ("img", "has no folder img"),
    ],
)
def test_a_needed_file_that_is_not_there(tmp_path: Path, name: str, words: str) -> None:
    deepfashion(tmp_path)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    with pytest.raises(DataError) as caught:
        list(DeepFashion(tmp_path))
    assert words in str(caught.value)
    with pytest.raises(DataError, match="no folder"):
        DeepFashion(tmp_path / "nowhere")


def test_no_picture_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deepfashion(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", lambda _self: pytest.fail("read a picture"))
    assert len(list(DeepFashion(tmp_path))) == 4
