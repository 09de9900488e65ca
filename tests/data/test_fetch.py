"""Whole sets from small archives in their publishers' form: fetched, checked, packed, listed."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from fashionviz import images
from fashionviz.data import fetch as module
from fashionviz.data.catalogue_info import list_sets
from fashionviz.data.commands import data_app
from fashionviz.data.fetch import fetch, fetch_examples, read_lock
from fashionviz.data.publishers import EXAMPLE_PHOTOS, PUBLICATIONS
from fashionviz.data.sets import open_set, split_of
from fashionviz.errors import FetchError, InvalidRequest


def photo(seed: int, width: int = 90, height: int = 120, file_format: str = "JPEG") -> bytes:
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)).resize(
        (width, height)
    )
    out = io.BytesIO()
    image.save(out, file_format)
    return out.getvalue()


def archive(top: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as handle:
        for name, data in files.items():
            handle.writestr(f"{top}/{name}", data)
    return out.getvalue()


def clothing_archives(count: int = 24) -> tuple[bytes, bytes]:
    """The full set and its small subset: of each four, three are in the small one."""
    full: dict[str, bytes] = {}
    small: dict[str, bytes] = {}
    lines = ["image,sender_id,label,kids"]
    for i in range(count):
        identifier = f"{i:08d}-aaaa"
        full[f"images/{identifier}.jpg"] = photo(i, 400, 500)
        label = "Not sure" if i == 7 else "Polo" if i % 4 == 3 else "T-Shirt"
        lines.append(f"{identifier},{100 + i},{label},{i == 3}")
        if i % 4 != 3:
            part = ("train", "validation", "test")[i % 4]
            small[f"{part}/t-shirt/{identifier}.jpg"] = full[f"images/{identifier}.jpg"]
    full["images.csv"] = "\n".join(lines).encode()
    return archive("clothing-dataset-7ed86a9c", full), archive("clothing-dataset-small-x", small)


def serve_clothing(publisher: Any) -> None:
    full, small = clothing_archives()
    first, second = PUBLICATIONS["clothing"].remotes
    publisher.files |= {f"/{first.name}": full, f"/{second.name}": small}


def test_clothing_takes_its_publishers_split(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    steps: list[str] = []
    result = fetch("clothing", to=tmp_path, source=publisher.url, partial=True, on_step=lambda t, *_: steps.append(t))

    rows = {s: open_set(tmp_path / "clothing", s).table(["id", "label", "label10", "sender", "kids"]).to_pylist()
            for s in result.splits}  # fmt: skip
    assert [r["id"] for r in rows["train"]] == [f"{i:08d}-aaaa" for i in range(0, 24, 4)]
    assert [r["id"] for r in rows["validation"]] == [f"{i:08d}-aaaa" for i in range(1, 24, 4)]
    assert rows["train"][0] == {
        "id": "00000000-aaaa",
        "label": "T-Shirt",
        "label10": "t-shirt",
        "sender": 100,
        "kids": False,
    }
    # What the small set leaves out is extra, a tenth of it held out; what names no garment is nowhere.
    left_out = [f"{i:08d}-aaaa" for i in range(3, 24, 4) if i != 7]
    held = {i for i in left_out if int(hashlib.md5(i.encode()).hexdigest(), 16) % 100 >= 90}
    assert {r["id"] for r in rows.get("extra", [])} == set(left_out) - held
    assert all(r["label10"] is None for r in rows.get("extra", []))
    assert {r["id"] for r in rows["holdout"]} == {f"{i:08d}-aaaa" for i in range(2, 24, 4)} | held
    # Short side 224; the hold-out as it was sent.
    train = next(open_set(tmp_path / "clothing", "train").rows(["image"]))["image"]
    assert (images.decode(train["bytes"]).width, train["path"]) == (224, "00000000-aaaa.jpg")
    held_out = next(open_set(tmp_path / "clothing", "holdout").rows(["image"]))["image"]
    assert held_out["bytes"] == photo(2, 400, 500)
    assert any(s.startswith("Downloading clothing-dataset") for s in steps)
    assert "Packing clothing" in steps
    # Only the set and the record are left.
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checksums.json", "clothing"]


def test_present_sets_are_left_alone_unless_forced(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    asked = len(publisher.asked)
    again = fetch("clothing", to=tmp_path, source=publisher.url)
    assert again.already
    assert again.splits["train"] == 6
    assert len(publisher.asked) == asked
    assert not fetch("clothing", to=tmp_path, source=publisher.url, partial=True, force=True).already


def test_first_fetch_records_checksums_and_later_ones_must_match(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    lock = read_lock(tmp_path)["clothing"]
    name = PUBLICATIONS["clothing"].remotes[1].name
    assert lock[name]["sha256"] == hashlib.sha256(publisher.files[f"/{name}"]).hexdigest()
    train = tmp_path / "clothing" / "train-00000-of-00001.parquet"
    assert lock["clothing/train-00000-of-00001.parquet"]["sha256"] == hashlib.sha256(train.read_bytes()).hexdigest()

    publisher.files[f"/{name}"] = archive("other", {"train/dress/x.jpg": photo(5)})
    before = train.read_bytes()
    with pytest.raises(FetchError, match="checksum"):
        fetch("clothing", to=tmp_path, source=publisher.url, partial=True, force=True)
    assert train.read_bytes() == before  # the old set stays


def test_too_few_rows_are_no_set(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    with pytest.raises(FetchError, match="6 rows in train, 3,068 were expected"):
        fetch("clothing", to=tmp_path, source=publisher.url)
    assert not (tmp_path / "clothing").exists()


def test_a_cut_download_goes_on_at_the_next_fetch(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    name = PUBLICATIONS["clothing"].remotes[0].name

    def interrupt(_text: str, done: int, _total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("clothing", to=tmp_path, source=publisher.url, partial=True, on_step=interrupt)
    assert (tmp_path / ".downloads" / "clothing" / f"{name}.part").exists()
    assert not list(tmp_path.glob(".clothing*"))
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    assert any(r and r.startswith("bytes=") for _, r, _ in publisher.asked)


def evil(name: str, link: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as handle:
        handle.writestr("top/images.csv", "image,sender_id,label,kids\n")
        info = zipfile.ZipInfo(name)
        if link:
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        handle.writestr(info, b"../../etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda full: evil("top/../../outside.txt"), "unsafe entry"),  # zip slip
        (lambda full: evil("/etc/cron.d/x"), "unsafe entry"),
        (lambda full: evil("top/link", link=True), "unsafe entry"),
        (lambda full: full[: len(full) // 2], "damaged or not a ZIP"),  # cut off at the publisher
        (lambda full: b"<html>sign in</html>", "damaged or not a ZIP"),  # a captive portal's page
        (lambda full: full[:200] + bytes(60) + full[260:], "damaged"),  # one file's bytes
        (lambda full: archive("top", {"readme.md": b"moved"}), "lacks images.csv"),
    ],
)
def test_bad_archives_are_refused_and_not_kept(
    publisher: Any, tmp_path: Path, broken: Callable[[bytes], bytes], words: str
) -> None:
    serve_clothing(publisher)
    name = PUBLICATIONS["clothing"].remotes[0].name
    publisher.files[f"/{name}"] = broken(publisher.files[f"/{name}"])
    root = tmp_path / "data"
    with pytest.raises(FetchError, match=words):
        fetch("clothing", to=root, source=publisher.url, partial=True)
    assert not (root / "clothing").exists()
    assert read_lock(root) == {}  # a bad first fetch is not recorded as the right one
    assert not list(tmp_path.rglob("outside.txt"))
    if "lacks" not in words:
        assert not (root / ".downloads" / "clothing" / name).exists()


STYLES = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
    "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011.0,Casual,Turtle Check Men Navy Blue Shirt\n"
    "39386,Men,Apparel,Bottomwear,Jeans,,Summer,,Casual,Jeans, blue, two of them\n"
    "59263,Women,Accessories,Watches,Watches,Silver,Winter,2016.0,NA,Titan Women Silver Watch\n"
    "1163,Men,Apparel,Topwear,Tshirts,Blue,Summer,2011.0,Sports,No picture of this one\n"
    "1164,Men,Apparel,Topwear,Tshirts,Blue,Summer,2011.0,Sports,Damaged\n"
)


def kaggle_folder(folder: Path, size: tuple[int, int] = (60, 80)) -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "styles.csv").write_text(STYLES)
    for identifier in (15970, 39386, 59263):
        (folder / "images" / f"{identifier}.jpg").write_bytes(photo(identifier, *size))
    (folder / "images" / "1164.jpg").write_bytes(photo(1, *size)[:300])
    return folder


def all_rows(folder: Path) -> dict[int, dict[str, Any]]:
    return {r["id"]: r for r in open_set(folder).rows()}


def test_fpi_from_kaggles_folder(tmp_path: Path) -> None:
    source = kaggle_folder(tmp_path / "kaggle")
    result = fetch("fpi", to=tmp_path, source=str(source), partial=True)
    rows = all_rows(tmp_path / "fpi")
    assert set(rows) == {15970, 39386, 59263}
    assert rows[15970]["image"] == {"bytes": photo(15970, 60, 80), "path": "15970.jpg"}  # as published
    assert rows[15970]["year"] == 2011
    assert rows[39386]["productDisplayName"] == "Jeans, blue, two of them"
    assert (rows[39386]["baseColour"], rows[39386]["year"], rows[59263]["usage"]) == (None, None, None)
    for identifier in rows:
        split = split_of("fpi", identifier)
        assert identifier in open_set(tmp_path / "fpi", split).table(["id"]).column("id").to_pylist()
    assert [r.split(":")[0] for r in result.refused] == ["1164.jpg"]


def test_fpi_large_is_reduced(tmp_path: Path) -> None:
    source = kaggle_folder(tmp_path / "kaggle" / "fashion-dataset", (450, 600))
    fetch("fpi-large", to=tmp_path, source=str(source.parent), partial=True)
    decoded = images.decode(all_rows(tmp_path / "fpi-large")[15970]["image"]["bytes"])
    assert (decoded.width, decoded.height) == (168, 224)


def mirror_table() -> bytes:
    rows = [
        {"id": i, "gender": "Men", "masterCategory": "Apparel", "year": 2011.0,
         "image": {"bytes": photo(i, 60, 80), "path": None}} for i in (1, 2, 3, 3)
    ]  # fmt: skip
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def test_fpi_from_a_parquet_mirror(publisher: Any, tmp_path: Path) -> None:
    for remote in PUBLICATIONS["fpi"].mirror:
        publisher.files[f"/{remote.name}"] = mirror_table()
    fetch("fpi", to=tmp_path, source=publisher.url, partial=True)
    rows = all_rows(tmp_path / "fpi")
    assert set(rows) == {1, 2, 3}  # twice the same id is once the same row
    assert rows[1]["image"]["path"] == "1.jpg"
    assert rows[1]["year"] == 2011
    assert rows[1]["season"] is None


def test_fpi_mirror_without_labels_is_refused(publisher: Any, tmp_path: Path) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [1]}), out)
    for remote in PUBLICATIONS["fpi"].mirror:
        publisher.files[f"/{remote.name}"] = out.getvalue()
    with pytest.raises(FetchError, match="lacks the column"):
        fetch("fpi", to=tmp_path, source=publisher.url)


def test_kaggle_without_its_client_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", None)
    with pytest.raises(FetchError, match=r"pip install kagglehub.*--from huggingface"):
        fetch("fpi", to=tmp_path)


@pytest.mark.parametrize(
    ("words", "expected"), [("401 Client Error", "KAGGLE_KEY"), ("Name or service not known", "could not be reached")]
)
def test_kaggle_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, expected: str) -> None:
    def refuse(_handle: str) -> str:
        raise RuntimeError(words)

    client = type("Client", (), {"dataset_download": staticmethod(refuse)})
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", client)
    with pytest.raises(FetchError, match=expected):
        fetch("fpi", to=tmp_path)


def test_kaggle_download_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = kaggle_folder(tmp_path / "kaggle")
    client = type("Client", (), {"dataset_download": staticmethod(lambda _handle: str(source))})
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", client)
    assert sum(fetch("fpi", to=tmp_path, partial=True).splits.values()) == 3


LABELS = ["null", "accessories", "bag", "skin", "skirt"]


def ccp_archive() -> bytes:
    savemat = pytest.importorskip("scipy.io", reason="reading .mat files needs scipy").savemat

    def mat(**variables: object) -> bytes:
        out = io.BytesIO()
        savemat(out, variables, do_compression=True)
        return out.getvalue()

    truth = np.zeros((600, 400), np.uint8)
    truth[100:300, 100:300] = 4
    truth[300:500, 150:250] = 3
    files = {"label_list.mat": mat(label_list=np.array([LABELS], dtype=object))}
    for i in range(1, 9):
        files[f"photos/{i:04d}.jpg"] = photo(i, 400, 600)
        files[f"annotations/pixel-level/{i:04d}.mat"] = mat(groundtruth=truth)
    for i in (1005, 1006):
        files[f"photos/{i}.jpg"] = photo(i, 400, 600)
        files[f"annotations/image-level/{i}.mat"] = mat(tags=np.array([[4], [2], [0]], np.uint8))
    return archive("clothing-co-parsing-fe34", files)


def test_ccp_masks_and_tags(publisher: Any, tmp_path: Path) -> None:
    publisher.files[f"/{PUBLICATIONS['ccp'].remotes[0].name}"] = ccp_archive()
    fetch("ccp", to=tmp_path, source=publisher.url, partial=True)
    folder = tmp_path / "ccp"
    assert (folder / "labels.txt").read_text().split() == LABELS
    tags = list(open_set(folder, "tags").rows())
    assert [(r["id"], r["tags"]) for r in tags] == [(1005, ["bag", "skirt"]), (1006, ["bag", "skirt"])]
    assert images.decode(tags[0]["image"]["bytes"]).width == 208
    for split in {split_of("ccp", i) for i in range(1, 9)}:
        for row in open_set(folder, split).rows():
            assert split_of("ccp", row["id"]) == split
            assert row["tags"] == ["skin", "skirt"]
            mask = np.asarray(Image.open(io.BytesIO(row["mask"]["bytes"])))
            decoded = images.decode(row["image"]["bytes"])
            assert mask.shape == (decoded.height, decoded.width) == (504, 336)
            assert set(np.unique(mask)) == {0, 3, 4}
            assert row["mask"]["path"] == row["image"]["path"].replace("jpg", "png")


def test_ccp_from_an_unpacked_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(ccp_archive())) as handle:
        handle.extractall(tmp_path)
    fetch("ccp", to=tmp_path, source=str(tmp_path / "clothing-co-parsing-fe34"), partial=True)
    assert len(open_set(tmp_path / "ccp", "tags")) == 2


def test_ccp_without_scipy_says_what_to_do(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.files[f"/{PUBLICATIONS['ccp'].remotes[0].name}"] = ccp_archive()
    monkeypatch.setitem(__import__("sys").modules, "scipy.io", None)
    with pytest.raises(FetchError, match="pip install scipy"):
        fetch("ccp", to=tmp_path, source=publisher.url)
    # The large download is kept for the next try.
    assert list((tmp_path / ".downloads" / "ccp").glob("*.zip"))


def test_video(publisher: Any, tmp_path: Path) -> None:
    name = PUBLICATIONS["video"].remotes[0].name
    publisher.files[f"/{name}"] = b"\x00\x00\x00\x20ftypisom" + bytes(500)
    fetch("video", to=tmp_path, source=publisher.url)
    assert (tmp_path / "video" / name).stat().st_size == 512
    publisher.files[f"/{name}"] = b"<html>"
    with pytest.raises(FetchError, match="checksum"):
        fetch("video", to=tmp_path, source=publisher.url, force=True)
    with pytest.raises(FetchError, match="no MP4"):
        fetch("video", to=tmp_path / "new", source=publisher.url)


@pytest.mark.parametrize(
    ("name", "source", "error", "words"),
    [
        ("nosuch", None, InvalidRequest, "there are fpi"),
        ("clothing", "ftp://x/y", InvalidRequest, "--from takes"),
        ("clothing", "/no/such/folder", InvalidRequest, "--from takes"),
        ("clothing", "huggingface", InvalidRequest, "No mirror"),
        ("fpi-large", "http://127.0.0.1:9/", InvalidRequest, "Kaggle or a folder only"),
        ("vocab", None, FetchError, "cannot be fetched by a program"),
    ],
)
def test_wrong_requests(tmp_path: Path, name: str, source: str | None, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fetch(name, to=tmp_path, source=source)


def test_gone_at_the_publisher(publisher: Any, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="no longer has"):
        fetch("clothing", to=tmp_path, source=publisher.url)
    assert not (tmp_path / "clothing").exists()


def test_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="--to"):
        fetch("clothing", to=tmp_path / "file", source=str(tmp_path))


def test_publishers_form() -> None:
    urls = {r.url for p in PUBLICATIONS.values() for r in (*p.remotes, *p.mirror)}
    assert "https://github.com/alexeygrigorev/clothing-dataset/archive/7ed86a9c.zip" in urls
    assert "https://github.com/bearpaw/clothing-co-parsing/archive/fe34fb77721a.zip" in urls
    assert all(u.startswith("https://") for u in urls)


# The example photos -----------------------------------------------------------------------------------------------


def serve_examples(publisher: Any) -> None:
    for i, (label, identifier) in enumerate(EXAMPLE_PHOTOS):
        publisher.files[f"/validation/{label}/{identifier}.jpg"] = photo(i, 300, 400)


def test_example_photos(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_examples(publisher)
    monkeypatch.setenv("FASHIONVIZ_EXAMPLES_URL", f"{publisher.url}/validation")
    steps: list[tuple[int, int]] = []
    paths = fetch_examples(tmp_path / "examples", lambda done, total: steps.append((done, total)))
    assert [p.name for p in paths] == ["dress.jpg", "shirt.jpg", "shoes.jpg", "t-shirt.jpg"]
    assert all(images.decode(p.read_bytes()).width == 300 for p in paths)
    assert steps == [(i, 4) for i in range(5)]
    asked = len(publisher.asked)
    assert fetch_examples(tmp_path / "examples") == paths
    assert len(publisher.asked) == asked  # they are there
    assert sorted(p.name for p in (tmp_path / "examples").iterdir()) == [p.name for p in paths]


def test_example_that_is_no_photo_is_not_kept(publisher: Any, tmp_path: Path) -> None:
    serve_examples(publisher)
    label, identifier = EXAMPLE_PHOTOS[1]
    publisher.files[f"/validation/{label}/{identifier}.jpg"] = b"<html>sign in</html>"
    with pytest.raises(FetchError, match="no photo"):
        fetch_examples(tmp_path, base=f"{publisher.url}/validation/")
    assert [p.name for p in tmp_path.iterdir()] == ["dress.jpg"]


def test_examples_offline(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="Are you online"):
        fetch_examples(tmp_path, base="http://127.0.0.1:9", timeout=httpx.Timeout(2), attempts=1)


# The commands -----------------------------------------------------------------------------------------------------


def run(*arguments: str) -> Any:
    return CliRunner().invoke(data_app, list(arguments))


def test_list_json(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    (tmp_path / "mine").mkdir()
    pq.write_table(pa.table({"id": [1, 2]}), tmp_path / "mine" / "train-00000-of-00001.parquet")
    (tmp_path / "mine" / "test-00000-of-00001.parquet").write_bytes(b"PAR1 broken")
    result = run("list", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["data_root"] == str(tmp_path)
    sets = {s["name"]: s for s in document["sets"]}
    assert list(sets) == [*PUBLICATIONS, "mine"]
    assert sets["clothing"]["splits"]["train"] == 6
    assert sets["clothing"]["bytes"] == sum(p.stat().st_size for p in (tmp_path / "clothing").iterdir())
    assert sets["clothing"]["licence"] == "CC0"
    assert not sets["fpi"]["present"]
    assert sets["fpi"]["fetch"] == "fashionviz data fetch fpi"
    assert sets["vocab"]["fetch"] is None
    assert sets["mine"]["rows"] == 2
    assert sets["mine"]["damaged"] == ["test-00000-of-00001.parquet"]


def test_list_reads_no_pictures(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    monkeypatch.setattr(pq, "read_table", lambda *_a, **_k: pytest.fail("read a table"))
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda *_a, **_k: pytest.fail("read rows"))
    assert {s.name: s.rows for s in list_sets(tmp_path)}["clothing"] > 6


def test_list_table_goes_to_standard_error_when_piped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    result = run("list")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "fashionviz data fetch" in result.stderr


def test_fetch_command(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    result = run("fetch", "clothing", "--to", str(tmp_path), "--from", publisher.url, "--partial", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["splits"]["train"] == 6
    assert document["refused"] == []
    assert "Licence: CC0" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["fetch", "nosuch"], 2, "no data set"),
        (["fetch", "clothing", "--from", "nowhere"], 2, "--from takes"),
        (["fetch", "clothing", "--from", "http://127.0.0.1:9"], 1, "Are you online"),
    ],
)
def test_fetch_command_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, words: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda _s: None)
    result = run(*arguments, *(["--to", str(tmp_path)]))
    assert result.exit_code == status
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_fetch_command_stopped_by_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "fetch", stop)
    result = run("fetch", "clothing", "--to", str(tmp_path))
    assert result.exit_code == 130
    assert "go on from here" in result.stderr
