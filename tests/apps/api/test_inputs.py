"""What callers send to the API: refused with one sentence where it is wrong, and given back without its metadata."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from PIL import Image
from starlette.testclient import TestClient

from apps.api.inputs import plain_name
from fashionviz.data.examples import draw
from tests.apps.api.calls import API, PNG, error_of, post


@pytest.mark.parametrize(
    ("path", "fields", "names"),
    [
        ("/predict", {"box": "1,2,3"}, "box"),
        ("/predict", {"box": "1,2,3,x"}, "box"),
        ("/predict", {"box": "nan,0,10,10"}, "box"),
        ("/predict", {"box": "10,10,10,90"}, "box"),
        ("/explain", {"format": "gif"}, "format"),
        ("/explain", {"style": "neon"}, "style"),
        ("/explain", {"method": "tea-leaves"}, "tea-leaves"),
        ("/explain", {"target": "Cats"}, "Cats"),
        ("/activations", {"channel": "-1"}, "channel"),
        ("/activations", {"channel": "many"}, "channel"),
        ("/activations", {"channel": "99999"}, "channel"),
        ("/activations", {"layer": "no.such.layer"}, "no.such.layer"),
        ("/activations", {"layer": "classifier.1"}, "classifier.1"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, path: str, fields: dict[str, str], names: str) -> None:
    response = post(client, path, **fields)
    assert response.status_code == 422
    code, message = error_of(response)
    assert code == "invalid_request"
    assert names in message


def test_a_box_outside_the_photo_is_refused(client: TestClient) -> None:
    response = post(client, "/predict", box="5000,5000,6000,6000")
    assert response.status_code == 422
    assert "region" in error_of(response)[1]


@pytest.mark.parametrize("path", ["/predict", "/explain", "/activations"])
def test_a_missing_file_is_named(client: TestClient, path: str) -> None:
    for response in (client.post(API + path), client.post(API + path, data={"file": "a string"})):
        assert response.status_code == 422
        assert "'file'" in error_of(response)[1]


def test_a_broken_form_is_one_sentence(client: TestClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=a"}
    response = client.post(f"{API}/predict", content=b"nonsense", headers=headers)
    assert response.status_code == 400
    assert error_of(response)[0] == "bad_request"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_header(width: int, height: int) -> bytes:
    """A PNG whose header promises more pixels than it has."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(b"\0" * 100)) + _chunk(b"IEND", b"")


def _saved(kind: str, size: tuple[int, int] = (64, 64)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 422, "empty"),
        (b"hello, I am no picture", 415, "JPEG, PNG or WebP"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 200, 415, "HEIC"),
        (b"%PDF-1.7" + b"\0" * 200, 415, "PDF"),
        (_saved("GIF"), 415, "GIF"),
        (_saved("PNG", (1, 1)), 422, "1×1"),
        (_saved("PNG", (4000, 9)), 422, "strip"),
        (_png_header(20000, 20000), 413, "million"),
        (PNG[: len(PNG) // 2], 422, "damaged"),
        (_saved("JPEG", (400, 400))[:600], 422, "damaged"),
        (b"\xff\xd8\xff" + b"x" * 26_214_400, 413, "25 MB"),
    ],
    ids=["empty", "text", "heic", "pdf", "gif", "1x1", "strip", "giant header", "cut png", "cut jpeg", "over 25 MB"],
)
@pytest.mark.parametrize("path", ["/predict", "/explain", "/activations"])
def test_a_bad_picture_is_one_sentence(client: TestClient, path: str, data: bytes, status: int, words: str) -> None:
    response = post(client, path, data)
    assert response.status_code == status
    assert words in error_of(response)[1]
    assert client.get("/health/live").json() == {"status": "live"}


def _with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    out = io.BytesIO()
    Image.fromarray(draw("jacket", 0)).save(out, "JPEG", exif=exif, comment=b"SecretComment")
    return out.getvalue()


def test_metadata_never_comes_back(client: TestClient) -> None:
    data = _with_gps()
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)  # it is in there
    pictures_back = [
        post(client, "/explain", data, style=style, method="gradient").content for style in ("colour", "overlay")
    ]
    pictures_back.append(post(client, "/activations", data).content)
    for png in pictures_back:
        assert b"Secret" not in png
        chunks = re.findall(rb"(IHDR|IDAT|IEND|eXIf|tEXt|iTXt|zTXt|iCCP|tIME)", png)
        assert set(chunks) <= {b"IHDR", b"IDAT", b"IEND"}
        opened = Image.open(io.BytesIO(png))
        assert not opened.getexif()
        assert opened.width > opened.height  # turned as the camera says: the drawing is upright, the tag turns it
    body = post(client, "/predict", data).text
    assert "Secret" not in body
    assert "turned upright" in body


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("/home/someone/photo.jpg", "photo.jpg"),
        ("C:\\Users\\someone\\photo.jpg", "photo.jpg"),
        ("a\nb\x00.png", "ab.png"),
        ("", "photo"),
        (None, "photo"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_lose_their_folders(given: str | None, shown: str) -> None:
    assert plain_name(given) == shown
