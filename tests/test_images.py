"""The door for pictures: what is let in, what is refused and with which words, and that nothing else leaves."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile, features

from fashionviz import images
from fashionviz.errors import ImageError, ImageTooLarge, ImageTooSmall, UnsupportedFormat

RED, WHITE = (200, 30, 40), (255, 255, 255)


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def scene(width: int = 60, height: int = 40) -> Image.Image:
    """A picture without any symmetry: red upper left, green upper right, blue below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 20, 20)
    pixels[: height // 2, width // 2 :] = (20, 200, 20)
    pixels[height // 2 :] = (20, 20, 220)
    return Image.fromarray(pixels)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header_only(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(b""))
        + png_chunk(b"IEND", b"")
    )


def webp_header_only(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes(4)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def png16(pixels: np.ndarray) -> bytes:
    """A 16-bit PNG of one or three channels; Pillow writes no 16-bit colour."""
    height, width = pixels.shape[:2]
    colour = 0 if pixels.ndim == 2 else 2
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def large_jpeg() -> bytes:
    """A JPEG followed by padding, over the limit of bytes."""
    return saved(scene(), "JPEG") + bytes(30 * 1024 * 1024)


TRUNCATED_JPEG = saved(Image.effect_noise((300, 300), 60), "JPEG")[:4000]
TRUNCATED_PNG = saved(Image.effect_noise((300, 300), 60), "PNG")[:4000]
TRUNCATED_WEBP = saved(Image.effect_noise((300, 300), 60).convert("RGB"), "WEBP")[:2000]

REFUSED: list[tuple[str, Callable[[], bytes] | bytes, type[ImageError], str]] = [
    # nothing at all
    ("empty", b"", ImageError, "empty"),
    # words, an office file, a web page, a drawing, a PDF: named where it can be
    ("text", b"Dear sir or madam, here is my photo", UnsupportedFormat, "not a picture"),
    ("zip", b"PK\x03\x04" + bytes(60), UnsupportedFormat, "ZIP"),
    ("html", b"<!DOCTYPE html><html></html>", UnsupportedFormat, "web page"),
    ("svg", b"  <svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedFormat, "SVG"),
    ("pdf", b"%PDF-1.7\n" + bytes(60), UnsupportedFormat, "PDF"),
    # pictures in formats that are not accepted
    ("gif", lambda: saved(scene(), "GIF"), UnsupportedFormat, "GIF"),
    ("bmp", lambda: saved(scene(), "BMP"), UnsupportedFormat, "BMP"),
    ("tiff", lambda: saved(scene(), "TIFF"), UnsupportedFormat, "TIFF"),
    # an iPhone's photo; several brands are in use
    ("heic", b"\x00\x00\x00\x18ftypheic" + bytes(60), UnsupportedFormat, "HEIC"),
    ("heic mif1", b"\x00\x00\x00\x18ftypmif1" + bytes(60), UnsupportedFormat, "HEIC"),
    ("avif", b"\x00\x00\x00\x1cftypavif" + bytes(60), UnsupportedFormat, "AVIF"),
    ("video", b"\x00\x00\x00\x20ftypisom" + bytes(60), UnsupportedFormat, "video"),
    # cut off while sending
    ("truncated jpeg", TRUNCATED_JPEG, ImageError, "damaged or cut off"),
    ("truncated png", TRUNCATED_PNG, ImageError, "damaged or cut off"),
    ("truncated webp", TRUNCATED_WEBP, ImageError, "damaged or cut off"),
    # only the first bytes of a picture
    ("magic only jpeg", b"\xff\xd8\xff\xe0", ImageError, "damaged or cut off"),
    ("magic only png", b"\x89PNG\r\n\x1a\n", ImageError, "damaged or cut off"),
    ("magic only webp", b"RIFF\x00\x00\x00\x00WEBP", ImageError, "damaged or cut off"),
    # too small to say anything about
    ("1x1", lambda: saved(scene(1, 1), "PNG"), ImageTooSmall, "1×1"),
    ("7 high", lambda: saved(scene(60, 7), "PNG"), ImageTooSmall, "60×7"),
    # a strip, as a screenshot of a whole web page
    ("strip", lambda: saved(scene(10, 400), "PNG"), ImageTooSmall, "strip"),
    # headers that promise more pixels than memory holds: refused before anything is decoded
    ("20000x20000 png", png_header_only(20000, 20000), ImageTooLarge, "20000×20000"),
    ("just over png", png_header_only(7072, 7072), ImageTooLarge, "7072×7072"),
    ("between Pillow's limits png", png_header_only(10000, 10000), ImageTooLarge, "10000×10000"),
    ("16000x16000 webp", webp_header_only(16000, 16000), ImageTooLarge, "16000×16000"),
    ("zero size png", png_header_only(0, 0), ImageError, ""),
    # more bytes than accepted
    ("30 MB", large_jpeg, ImageTooLarge, "30.0 MB"),
]


@pytest.mark.parametrize(("data", "error", "words"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused_with_one_clear_sentence(
    data: bytes | Callable[[], bytes], error: type[ImageError], words: str
) -> None:
    with pytest.raises(error) as caught:
        images.decode(data() if callable(data) else data)
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message
    assert 400 <= caught.value.status < 500


def test_header_is_refused_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_args: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(ImageTooLarge):
        images.decode(png_header_only(20000, 20000))


def alpha(colour: tuple[int, int, int], half: int) -> Image.Image:
    image = Image.new("RGBA", (40, 40), (*colour, 255))
    image.paste((*colour, half), (0, 0, 20, 40))
    return image


def palette(transparency: object) -> bytes:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([0, 0, 255, *RED])
    image.paste(1, (20, 0, 40, 40))
    return saved(image, "PNG", transparency=transparency)


ACCEPTED: list[tuple[str, Callable[[], bytes], tuple[int, int, int], tuple[int, int, int], int]] = [
    # plain files; left and right colour expected, and the tolerance
    ("jpeg", lambda: saved(Image.new("RGB", (40, 40), RED), "JPEG", quality=95), RED, RED, 4),
    ("png", lambda: saved(Image.new("RGB", (40, 40), RED), "PNG"), RED, RED, 0),
    ("webp", lambda: saved(Image.new("RGB", (40, 40), RED), "WEBP", lossless=True), RED, RED, 0),
    ("grey jpeg", lambda: saved(Image.new("L", (40, 40), 90), "JPEG"), (90, 90, 90), (90, 90, 90), 2),
    ("1-bit png", lambda: saved(Image.new("1", (40, 40), 1), "PNG"), WHITE, WHITE, 0),
    # print shops send CMYK: white paper stays white, magenta + yellow is red
    ("cmyk white", lambda: saved(Image.new("CMYK", (40, 40), (0, 0, 0, 0)), "JPEG"), WHITE, WHITE, 3),
    ("cmyk red", lambda: saved(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG"), (255, 0, 0), (255, 0, 0), 12),
    # 16 bits a channel: the middle of the range is the middle of ours
    ("grey 16", lambda: png16(np.full((40, 40), 32896)), (128, 128, 128), (128, 128, 128), 0),
    ("grey 16 dark", lambda: png16(np.full((40, 40), 200)), (1, 1, 1), (1, 1, 1), 0),
    ("rgb 16", lambda: png16(np.full((40, 40, 3), 32896)), (128, 128, 128), (128, 128, 128), 1),
    # transparency is laid on white, as a shop's page shows it
    ("rgba", lambda: saved(alpha(RED, 0), "PNG"), WHITE, RED, 0),
    ("rgba half", lambda: saved(alpha((0, 0, 0), 128), "PNG"), (127, 127, 127), (0, 0, 0), 1),
    ("rgba webp", lambda: saved(alpha(RED, 0), "WEBP", lossless=True), WHITE, RED, 0),
    ("grey alpha", lambda: saved(alpha((9, 9, 9), 0).convert("LA"), "PNG"), WHITE, (9, 9, 9), 0),
    ("palette with alpha bytes", lambda: palette(bytes([0, 255])), WHITE, RED, 0),
    ("palette with one clear entry", lambda: palette(0), WHITE, RED, 0),
    (
        "rgb with a clear colour",
        lambda: saved(Image.new("RGB", (40, 40), (0, 255, 0)), "PNG", transparency=(0, 255, 0)),
        WHITE,
        WHITE,
        0,
    ),
]


@pytest.mark.parametrize(
    ("data", "left", "right", "tolerance"), [c[1:] for c in ACCEPTED], ids=[c[0] for c in ACCEPTED]
)
def test_modes_come_out_as_rgb(
    data: Callable[[], bytes], left: tuple[int, int, int], right: tuple[int, int, int], tolerance: int
) -> None:
    photo = images.decode(data())
    assert photo.pixels.shape == (40, 40, 3)
    assert photo.pixels.dtype == np.uint8
    assert photo.original_size == (40, 40)
    assert np.abs(photo.pixels[20, 5].astype(int) - left).max() <= tolerance
    assert np.abs(photo.pixels[20, 35].astype(int) - right).max() <= tolerance


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_animation_gives_its_first_frame(file_format: str) -> None:
    frames = [Image.new("RGB", (40, 40), c) for c in (RED, (0, 255, 0), (0, 0, 255))]
    data = saved(frames[0], file_format, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    photo = images.decode(data)
    assert tuple(photo.pixels[20, 20]) == RED
    assert "first frame of an animation" in photo.notes


def sideways(image: Image.Image, orientation: int) -> Image.Image:
    """Store a picture so that the given EXIF orientation turns it upright."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    return image if undo is None else image.transpose(undo)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(file_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}[file_format]
    data = saved(sideways(scene(64, 48), orientation), file_format, exif=exif, **options)
    photo = images.decode(data)
    expected = np.asarray(scene(64, 48)).astype(int)
    assert (photo.width, photo.height) == photo.original_size == (64, 48)
    assert np.abs(photo.pixels.astype(int) - expected).max() <= (25 if file_format == "JPEG" else 0)
    assert ("turned upright" in photo.notes) == (orientation != 1)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_orientations_that_do_not_exist_turn_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = images.decode(saved(scene(64, 48), "PNG", exif=exif))
    assert np.array_equal(photo.pixels, np.asarray(scene(64, 48)))
    assert photo.notes == ()


def test_reduced_jpeg_keeps_orientation_and_original_size() -> None:
    # The JPEG decoder reduces while decoding ("draft"): the size told must be that of the file, upright.
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = sideways(scene(2400, 4800), 6)
    assert stored.size == (4800, 2400)
    photo = images.decode(saved(stored, "JPEG", exif=exif), max_side=600)
    assert photo.original_size == (2400, 4800)
    assert (photo.width, photo.height) == (300, 600)
    assert np.abs(photo.pixels[100, 50].astype(int) - (220, 20, 20)).max() < 10
    assert np.abs(photo.pixels[100, 250].astype(int) - (20, 200, 20)).max() < 10
    assert any("reduced from 2400×4800 to 300×600" in n for n in photo.notes)


def test_reduction_can_be_switched_off() -> None:
    assert images.decode(saved(scene(2500, 200), "JPEG"), max_side=None).width == 2500
    assert images.decode(saved(scene(2500, 200), "JPEG")).width == images.MAX_SIDE


def test_metadata_never_leaves() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2026:05:05 12:00:00"
    exif[0x010F] = "ACME phone"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    data = saved(scene(), "JPEG", exif=exif, comment=b"secret words", xmp=b"<x:xmpmeta>secret</x:xmpmeta>")
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)[1] == "N"  # it was there

    png = images.decode(data).png()

    with Image.open(io.BytesIO(png)) as again:
        again.load()
        assert dict(again.getexif()) == {}
        assert set(again.info) <= {"dpi"}
    for trace in (b"ACME", b"secret", b"eXIf", b"tEXt", b"iCCP", b"Exif"):
        assert trace not in png


def test_broken_exif_does_not_cost_the_picture() -> None:
    data = saved(scene(), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\x12\x34" * 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(images.decode(data).pixels, np.asarray(scene()))


def p3_profile() -> bytes:
    """An RGB profile whose primaries are not sRGB's: sRGB's with the red and green columns exchanged."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", raw[128:132])[0]
    entries = {bytes(raw[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    raw[red + 4 : red + 12], raw[green + 4 : green + 12] = raw[green + 4 : green + 12], raw[red + 4 : red + 12]
    return bytes(raw)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colour_profile_is_applied(mode: str) -> None:
    image = Image.new("RGB", (40, 40), (255, 0, 0)).convert(mode)
    photo = images.decode(saved(image, "PNG", icc_profile=p3_profile()))
    # With exchanged primaries "red" means green.
    assert np.abs(photo.pixels[20, 20].astype(int) - (0, 255, 0)).max() <= 3


def test_srgb_profile_changes_nothing_and_broken_profile_is_ignored() -> None:
    plain = np.asarray(scene()).astype(int)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(images.decode(saved(scene(), "PNG", icc_profile=srgb)).pixels - plain).max() <= 1
    assert np.array_equal(images.decode(saved(scene(), "PNG", icc_profile=b"no profile" * 20)).pixels, plain)


def test_a_phones_double_picture_is_a_jpeg() -> None:
    # Some phones store a second picture (depth, gain map) in the same JPEG: the first is the photo.
    data = saved(scene(), "MPO", save_all=True, append_images=[Image.new("RGB", (30, 30))])
    photo = images.decode(data)
    assert photo.format == "JPEG"
    assert (photo.width, photo.height) == (60, 40)
    assert photo.notes == ()


def test_the_content_counts_not_the_name() -> None:
    # Names are not looked at: a PNG called .jpg is a PNG.
    assert images.decode(saved(scene(), "PNG")).format == "PNG"


def test_pixels_are_read_only_and_decoding_is_deterministic() -> None:
    data = saved(Image.effect_noise((90, 70), 80).convert("RGB"), "JPEG")
    first, second = images.decode(data), images.decode(data)
    assert np.array_equal(first.pixels, second.pixels)
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0] = 0


def test_truncated_pictures_are_not_tolerated_by_a_global_switch() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert features.check("webp")


def test_many_threads_decode_without_touching_the_warning_filters() -> None:
    good, huge = saved(scene(300, 200), "JPEG"), png_header_only(10000, 10000)
    before = list(warnings.filters)

    def one(i: int) -> str:
        try:
            return images.decode((good, huge, TRUNCATED_JPEG)[i % 3]).format
        except ImageError as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(240)))
    assert results == ["JPEG", "ImageTooLarge", "ImageError"] * 80
    assert list(warnings.filters) == before


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "CMYK", "P", "APNG"])
def test_damaged_files_only_ever_raise_image_errors(kind: str) -> None:
    noise = Image.effect_noise((48, 40), 70)
    exif = Image.Exif()
    exif[0x0112] = 6
    original = {
        "JPEG": lambda: saved(noise.convert("RGB"), "JPEG", exif=exif),
        "PNG": lambda: saved(noise.convert("RGB"), "PNG", icc_profile=p3_profile(), exif=exif),
        "WEBP": lambda: saved(noise.convert("RGB"), "WEBP", exif=exif),
        "CMYK": lambda: saved(noise.convert("CMYK"), "JPEG"),
        "P": lambda: saved(noise.convert("P"), "PNG", transparency=3),
        "APNG": lambda: saved(noise, "PNG", save_all=True, append_images=[noise.rotate(90)]),
    }[kind]()
    for seed in range(60):
        chance = random.Random(seed)
        data = bytearray(original)
        for _ in range(chance.choice((1, 3, 12))):
            # the header is where it hurts
            where = chance.randrange(min(len(data), chance.choice((64, 600, len(data)))))
            data[where] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            photo = images.decode(bytes(data))
        except ImageError:
            continue
        assert photo.pixels.ndim == 3


def test_random_bytes_only_ever_raise_image_errors() -> None:
    heads = (
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x40\x00\x00\x00WEBPVP8 ",
        b"RIFF\x40\x00\x00\x00WEBPVP8L",
    )
    for seed in range(200):
        chance = random.Random(seed)
        with pytest.raises(ImageError):
            images.decode(chance.choice(heads) + chance.randbytes(chance.randrange(1, 400)))


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((10, 5, 40, 30), (30, 25)),
        ((40, 30, 10, 5), (30, 25)),  # drawn from the lower right
        ((-50, -50, 500, 500), (60, 40)),  # clipped to the photo
    ],
)
def test_crop(box: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    part = images.from_pixels(np.asarray(scene())).crop(box)
    assert (part.width, part.height) == size
    assert "cropped" in part.notes


@pytest.mark.parametrize("box", [(0, 0, 5, 40), (100, 100, 200, 200), (10, 10, 10, 10)])
def test_crop_of_next_to_nothing_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ImageTooSmall, match="at least 8×8"):
        images.from_pixels(np.asarray(scene())).crop(box)


def test_from_pixels_copies_and_checks() -> None:
    pixels = np.array(scene())
    photo = images.from_pixels(pixels)
    pixels[:] = 0
    assert photo.pixels.max() > 0
    assert np.array_equal(images.decode(photo.png()).pixels, photo.pixels)
    for wrong in (pixels[..., :1], pixels.astype(np.float32), pixels[..., 0]):
        with pytest.raises(ImageError, match="uint8"):
            images.from_pixels(wrong)
    with pytest.raises(ImageTooSmall):
        images.from_pixels(pixels[:4])
