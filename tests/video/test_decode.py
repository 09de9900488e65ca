"""The door for videos: what comes through it, and what each refusal says."""

from __future__ import annotations

import wave
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from fashionviz.video import decode
from fashionviz.video.decode import open_video
from fashionviz.video.errors import VideoError, VideoFormat, VideoTooLarge
from fashionviz.video.wiring import sample_video
from tests.video.clips import RED, SIZE, clip, walk


def read(data: bytes, seconds: float = 60.0) -> tuple[decode.Video, list[decode.Frame]]:
    with open_video(data) as video:
        return video, list(video.frames(seconds))


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("mp4", "libx264"), ("mov", "libx264"), ("matroska", "libx264"), ("webm", "libvpx"), ("avi", "mpeg4")],
)  # fmt: skip
def test_the_frames_of_every_kind(kind: str, codec: str) -> None:
    video, frames = read(clip(walk(12), kind=kind, codec=codec))
    assert [frame.number for frame in frames] == list(range(12))
    assert (video.info.width, video.info.height, video.info.fps) == (SIZE[1], SIZE[0], 10)
    np.testing.assert_allclose([frame.second for frame in frames], np.arange(12) / 10, atol=0.011)
    for t, frame in enumerate(frames):  # the patch is where it was drawn, in its colour
        np.testing.assert_allclose(frame.pixels[24, 20 + t].astype(int), RED, atol=30)


def test_a_recording_of_a_browser_says_no_rate_but_its_frames_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MediaRecorder writes WebM without a rate: FFmpeg takes the clock's ticks for it, a thousand a second."""

    class Says:
        def __init__(self, stream: object, rate: object) -> None:
            self._stream, self.average_rate = stream, rate

        def __getattr__(self, name: str) -> object:
            return getattr(self._stream, name)

    for rate in (None, 1000):
        with open_video(clip(walk(20), kind="webm", codec="libvpx")) as held:
            stream = Says(held._stream, rate)
            monkeypatch.setattr(held, "_stream", stream)
            fps = held._told_by_frames()
            assert fps == pytest.approx(10, abs=0.2)
            assert len(list(held.frames(60))) == 20, "those looked at ahead are not lost"


def test_a_turned_video_comes_upright() -> None:
    """Phones write the frame as the sensor has it and a matrix beside it; FFmpeg makes the quarter turn 90."""
    import av

    lying = [np.ascontiguousarray(np.rot90(pixels)) for pixels in walk(5)]  # a quarter turn to the left
    source = BytesIO(clip(lying))
    out = BytesIO()
    with av.open(source) as held, av.open(out, "w", format="mp4") as container:
        stream = container.add_stream_from_template(held.streams.video[0])
        try:
            stream.set_display_rotation(-90)  # type: ignore[attr-defined]
        except AttributeError:
            pytest.skip("this PyAV cannot write the matrix")
        for packet in held.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    video, frames = read(out.getvalue())
    assert (video.info.width, video.info.height) == (SIZE[1], SIZE[0])
    np.testing.assert_allclose(frames[0].pixels[24, 20].astype(int), RED, atol=30)


def test_large_frames_are_made_smaller() -> None:
    video, frames = read(clip([np.zeros((1440, 2560, 3), np.uint8)] * 2))
    assert frames[0].pixels.shape == (720, 1280, 3)
    assert any("made smaller" in note for note in video.notes)


def test_a_long_video_is_cut_off_and_says_so() -> None:
    video, frames = read(clip(walk(30)), seconds=1.0)
    assert 10 <= len(frames) <= 11
    assert any("longer than 1 s" in note for note in video.notes)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", VideoError, "empty"),
        (b"\xff\xd8\xff\xe0" + bytes(40), VideoFormat, "picture"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://example.org/a.ts\n", VideoFormat, "no video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", VideoFormat, "no video"),
        (b"\0\0\0\x18ftypisom" + bytes(60), VideoError, "damaged"),
    ],
)
def test_what_is_no_video_is_refused_in_words(data: bytes, error: type[VideoError], words: str) -> None:
    with pytest.raises(error, match=words), open_video(data):
        pass


def test_a_file_that_is_cut_off() -> None:
    whole = clip(walk(30), kind="matroska")
    _, frames = read(whole[: len(whole) * 2 // 3])
    assert 1 <= len(frames) < 30
    with (
        pytest.raises(VideoError, match=r"damaged|cut off"),
        open_video(clip(walk(30))[:400]),
    ):  # no index: nothing can be read
        pass


def test_noise_in_the_middle_loses_its_frames_alone() -> None:
    data = bytearray(clip([*walk(30), *walk(30)], kind="avi", codec="mpeg4"))
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(np.random.default_rng(0).integers(0, 256, 300, np.uint8))
    _, frames = read(bytes(data))
    assert len(frames) > 30


def test_sound_alone_is_no_video() -> None:
    import av

    out = BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match="only sound"), open_video(out.getvalue()):
        pass
    wav = BytesIO()
    with wave.open(wav, "wb") as held:
        held.setparams((1, 2, 8000, 0, "NONE", ""))
        held.writeframes(bytes(1600))
    with pytest.raises(VideoFormat), open_video(wav.getvalue()):
        pass


def test_the_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="16×16"), open_video(clip([np.zeros((16, 16, 3), np.uint8)] * 3)):
        pass
    with pytest.raises(VideoTooLarge, match="frames a second"), open_video(clip(walk(5), fps=500)):
        pass
    monkeypatch.setattr(decode, "MAX_BYTES", 1000)
    with pytest.raises(VideoTooLarge, match="MiB"), open_video(clip(walk(5))):
        pass
    with pytest.raises(VideoError, match="cannot be read"), open_video(tmp_path / "none.mp4"):
        pass


def test_the_real_video() -> None:
    path = sample_video()
    if path is None:
        pytest.skip("the video is not on this machine")
    with open_video(path) as video:
        assert (video.info.width, video.info.height, video.info.fps, video.info.frames) == (768, 432, 10, 1394)
        frames = list(video.frames(3.0))
    assert len(frames) == 31
    assert all(frame.pixels.shape == (432, 768, 3) for frame in frames)
    assert 40 < frames[0].pixels.mean() < 220
