"""Images, videos and cameras as pictures; every kind of harm."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ferkit.predict.media import video
from ferkit.predict.media.frames import Frame, Read, batch_reads, read_frames
from ferkit.predict.media.sources import Camera, Ignored, ImageSource, InputError, VideoSource, find_sources
from tests.predict.drawn import picture, write_picture, write_video

FRAMES = [picture((2 * number, 10)) for number in range(30)]


def read(*inputs: str | Path, every: int = 1) -> list[Read]:
    return list(read_frames(find_sources(inputs), every))


def frames_of(reads: Sequence[Read]) -> list[Frame]:
    return [one for one in reads if isinstance(one, Frame)]


def problems_of(reads: Sequence[Read]) -> list[InputError]:
    return [one for one in reads if isinstance(one, InputError)]


def test_everything_comes_in_the_order_it_was_given(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.avi", FRAMES[:2])
    stills = [write_picture(tmp_path / f"{number}.png", (number, 5)) for number in range(40)]
    found = frames_of(read(*stills[:20], video, *stills[20:]))
    assert [one.file for one in found] == [str(p) for p in [*stills[:20], video, video, *stills[20:]]]
    assert [one.number for one in found if one.source == VideoSource(video, Path("v.avi"))] == [0, 1]


def test_a_image_turned_by_its_camera_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    file = write_picture(tmp_path / "turned.jpg", exif=exif, quality=95)
    (frame,) = frames_of(read(file))
    assert frame.image.shape == (96, 64, 3)


def test_a_image_of_50_megapixels_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    Image.new("RGB", (8660, 5774), "gray").save(file)
    (frame,) = frames_of(read(file))
    assert frame.image.size == 3 * 8660 * 5774


def test_names_with_spaces_and_letters_that_are_not_ascii_are_read(tmp_path: Path) -> None:
    image = write_picture(tmp_path / "Größe, 日本 1.png")
    video = write_video(tmp_path / "plain.avi", FRAMES[:3]).rename(tmp_path / "ein Fräulein 日本.avi")
    assert [one.file for one in frames_of(read(image, video))] == [str(image)] + [str(video)] * 3


@pytest.mark.parametrize("harm", ["cut off", "text", "empty"])
def test_a_broken_image_is_a_problem_and_the_rest_is_read(tmp_path: Path, harm: str) -> None:
    file = write_picture(tmp_path / "a.png", (5, 5))
    content = {"cut off": file.read_bytes()[:100], "text": b"no picture", "empty": b""}[harm]
    file.write_bytes(content)
    write_picture(tmp_path / "b.png")
    problem, frame = read(tmp_path)
    assert isinstance(frame, Frame)
    assert isinstance(problem, InputError)
    assert problem.file == str(file)
    assert not problem.reason.startswith(str(file))


def test_every_nth_frame_keeps_its_number_and_its_time(tmp_path: Path) -> None:
    found = frames_of(read(write_video(tmp_path / "v.avi", FRAMES, rate=10), every=7))
    assert [one.number for one in found] == [0, 7, 14, 21, 28]
    assert [one.time for one in found] == pytest.approx([0, 0.7, 1.4, 2.1, 2.8], abs=0.05)
    assert found[0].lasts == pytest.approx(0.7)
    assert np.abs(found[1].image.astype(int) - FRAMES[7]).mean() < 6


def test_a_cut_off_video_gives_its_frames_and_says_how_many_are_missing(tmp_path: Path) -> None:
    file = write_video(tmp_path / "v.avi", FRAMES)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    found = read(file)
    assert 5 < len(frames_of(found)) < 25
    (problem,) = problems_of(found)
    assert f"ends after {len(frames_of(found))} of 30 frames" in problem.reason


def encode(
    file: Path, times: Sequence[float], form: str = "yuv420p", codec: str = "mpeg4", **options: str
) -> Path:
    """Write FRAMES, shown at the times given in seconds."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=1000, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, form
        stream.codec_context.time_base = Fraction(1, 1000)
        for image, time in zip(FRAMES, times, strict=False):
            shown = av.VideoFrame.from_ndarray(image, format="rgb24")
            shown.pts, shown.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    return file


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frames_have_their_own_times_where_the_rate_varies(tmp_path: Path, suffix: str) -> None:
    times = [0, 0.12, 0.2, 3.0, 3.12, 8.0]
    found = read(encode(tmp_path / f"vfr.{suffix}", times))
    assert [one.time for one in frames_of(found)] == pytest.approx(times, abs=2e-3)
    assert [one.lasts for one in frames_of(found)][:5] == pytest.approx(np.diff(times), abs=2e-3)
    assert not problems_of(found)


@pytest.mark.parametrize(
    ("codec", "form", "options"),
    [
        ("mpeg4", "yuv420p", {"flags": "+ilme+ildct"}),
        ("prores_ks", "yuv422p10le", {}),
        ("ffv1", "yuv444p", {}),
        ("ffv1", "gray16le", {}),
        ("ffv1", "bgra", {}),
    ],
)
def test_every_pixel_format_is_converted(
    tmp_path: Path, codec: str, form: str, options: dict[str, str]
) -> None:
    found = frames_of(read(encode(tmp_path / "v.mkv", [0, 0.1], form, codec, **options)))
    assert len(found) == 2
    expected = FRAMES[1].astype(int)
    if form == "gray16le":
        expected = (expected @ [0.299, 0.587, 0.114])[:, :, None]
    assert np.abs(found[1].image - expected).mean() < 12


@pytest.mark.parametrize("suffix", [".ts", ".mts", ".flv", ".bin", ""])
def test_a_video_is_known_by_its_content_whatever_its_suffix(tmp_path: Path, suffix: str) -> None:
    kind = "flv" if suffix == ".flv" else "mpegts"
    codec = "flv" if kind == "flv" else "mpeg4"
    made = encode(tmp_path / f"made.{kind.replace('mpeg', '')}", [0, 0.1, 0.2], codec=codec)
    assert len(frames_of(read(made.rename(tmp_path / f"clip{suffix}")))) == 3


def test_a_program_with_the_suffix_of_a_video_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "main.ts").write_text("export const one = 1;\n" * 20)
    assert Ignored(str(tmp_path / "main.ts")) in read(tmp_path)


def test_decoding_goes_on_after_damage_and_says_how_many_frames_are_lost(tmp_path: Path) -> None:
    file = encode(tmp_path / "v.avi", np.arange(30) / 10, "yuvj420p", "mjpeg")
    content = bytearray(file.read_bytes())
    starts = [place for place in range(len(content)) if content[place : place + 3] == b"\xff\xd8\xff"]
    content[starts[10] : starts[12]] = bytes(starts[12] - starts[10])
    file.write_bytes(content)
    found = read(file)
    assert len(frames_of(found)) >= 27
    assert frames_of(found)[-1].time == pytest.approx(2.9, abs=0.2)
    (problem,) = problems_of(found)
    assert "cannot be decoded after 0.9" in problem.reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["pipe.jpg", "pipe.mp4", "pipe"])
def test_a_named_pipe_is_a_problem_and_never_opened(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    (problem,) = read(tmp_path / name)
    assert isinstance(problem, InputError)
    assert "named pipe" in problem.reason


def test_an_address_that_can_not_be_read_is_a_problem_with_its_name() -> None:
    (problem,) = read("http://127.0.0.1:9/clip.mp4")
    assert isinstance(problem, InputError)
    assert problem.file == "http://127.0.0.1:9/clip.mp4"
    assert "as a video" in problem.reason


def test_an_address_is_read(tmp_path: Path) -> None:
    encode(tmp_path / "clip.mp4", [0, 0.1, 0.2])
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        found = frames_of(read(f"http://127.0.0.1:{server.server_port}/clip.mp4"))
        server.shutdown()
    assert [one.time for one in found] == pytest.approx([0, 0.1, 0.2])
    assert str(found[0].source.name) == "clip.mp4"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def test_a_video_whose_beginning_alone_is_there_can_not_be_opened(tmp_path: Path) -> None:
    file = write_video(tmp_path / "v.avi", FRAMES)
    file.write_bytes(file.read_bytes()[:40])
    (problem,) = read(file)
    assert isinstance(problem, InputError)
    assert problem.file == str(file)


def test_titles_of_a_video_that_are_not_utf8_are_replaced(tmp_path: Path) -> None:
    file = tmp_path / "v.mkv"
    with av.open(str(file), "w", container_options={"fflags": "+bitexact"}) as container:
        container.metadata["title"] = "ABCDEFGH"
        stream = container.add_stream("mpeg4", rate=10)
        stream.metadata["title"] = "STUVWXYZ"
        stream.height, stream.width = FRAMES[0].shape[:2]
        for frame in FRAMES[:3]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    content = file.read_bytes()
    assert (content.count(b"ABCDEFGH"), content.count(b"STUVWXYZ")) == (1, 1)
    file.write_bytes(content.replace(b"ABCDEFGH", b"\xf7" * 8).replace(b"STUVWXYZ", b"\xb1" * 8))
    assert len(frames_of(read(file))) == 3
    renamed = file.rename(tmp_path / "v.unknown")  # then the content decides
    assert len(frames_of(read(renamed))) == 3


def test_a_text_called_a_video_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_text("no video")
    (problem,) = read(tmp_path / "v.mp4")
    assert isinstance(problem, InputError)
    assert "cannot open it as a video" in problem.reason


def test_neither_opencv_nor_ffmpeg_says_a_word_of_it(tmp_path: Path) -> None:
    """In a process of its own: FFmpeg's level is read when a process opens its first video."""
    (tmp_path / "v.mp4").write_text("no video")
    code = (
        "import sys; from ferkit.predict.media.frames import read_frames; "
        "from ferkit.predict.media.sources import find_sources; "
        "print(len(list(read_frames(find_sources(sys.argv[1:]), 1))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "v.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def write_animation(file: Path, count: int, **options: Any) -> Path:
    shown = [Image.fromarray(one) for one in FRAMES[:count]]
    shown[0].save(file, save_all=True, append_images=shown[1:], **options)
    return file


@pytest.mark.parametrize("form", ["gif", "webp", "png"])
def test_an_animated_picture_has_its_own_times(tmp_path: Path, form: str) -> None:
    file = write_animation(tmp_path / f"a.{form}", 4, duration=[100, 300, 50, 150], loop=0)
    found = frames_of(read(file))
    assert [one.number for one in found] == [0, 1, 2, 3]
    assert [one.time for one in found] == pytest.approx([0, 0.1, 0.4, 0.45])
    assert [one.lasts for one in found] == pytest.approx([0.1, 0.3, 0.05, 0.15])
    assert {one.image.shape for one in found} == {(64, 96, 3)}
    assert np.abs(found[3].image.astype(int) - FRAMES[3]).mean() < 3


def test_of_an_animation_a_frame_that_is_looked_at_lasts_for_those_that_are_not(tmp_path: Path) -> None:
    file = write_animation(tmp_path / "a.gif", 5, duration=[100, 300, 50, 150, 200])
    found = frames_of(read(file, every=3))
    assert [(one.number, one.time) for one in found] == [(0, 0), (3, pytest.approx(0.45))]
    assert [one.lasts for one in found] == pytest.approx([0.45, 0.35])


def test_an_animated_picture_that_tells_no_times_has_some(tmp_path: Path) -> None:
    found = frames_of(read(write_animation(tmp_path / "a.gif", 4, duration=0)))
    assert [one.time for one in found] == pytest.approx([number / video.RATE for number in range(4)])


def test_a_cut_off_animation_gives_what_it_has(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    shown = [Image.fromarray(numbers.integers(0, 255, (64, 96, 3), np.uint8)) for _ in range(6)]
    file = tmp_path / "a.gif"
    shown[0].save(file, save_all=True, append_images=shown[1:], duration=100)
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    found = read(file)
    assert frames_of(found)
    (problem,) = problems_of(found)
    assert "cannot read beyond frame" in problem.reason


class FakeCapture:
    """A camera that is unplugged after three pictures, or was never there."""

    def __init__(self, index: int) -> None:
        self.left = 3 if index == 1 else 0
        self.index = index

    def isOpened(self) -> bool:  # noqa: N802
        return self.index == 1

    def get(self, what: int) -> float:
        return 0.0

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        return True, cv2.cvtColor(picture((10, 10)), cv2.COLOR_RGB2BGR).astype(np.uint8)

    def release(self) -> None: ...


def test_a_camera_that_is_not_there_or_goes_is_a_problem_and_its_pictures_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(video.cv2, "VideoCapture", FakeCapture)
    absent, *pictures, gone = read_frames([Camera(0), Camera(1)])
    assert absent == InputError(
        "camera-0", "cannot open the camera: it is unplugged, or another program uses it"
    )
    assert gone == InputError("camera-1", "the camera stopped after 3 frames. Was it unplugged?")
    assert [one.is_live for one in frames_of(pictures)] == [True] * 3
    np.testing.assert_array_equal(frames_of(pictures)[0].image, picture((10, 10)))


def test_of_a_camera_that_is_not_there_opencv_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    (problem,) = read_frames([Camera(99)])
    assert isinstance(problem, InputError)
    assert capfd.readouterr() == ("", "")


def as_frame(name: str, size: int = 8, is_live: bool = False) -> Frame:
    still = ImageSource(Path(name), Path(name))
    return Frame(still, np.zeros((size, size, 3), np.uint8), is_live=is_live)


def test_batches_are_full_but_for_large_pictures_and_cameras() -> None:
    small = [as_frame("small") for _ in range(5)]
    assert [len(one) for one in batch_reads(small, 2)] == [2, 2, 1]
    large = [as_frame("large", 5000) for _ in range(2)]
    assert [len(one) for one in batch_reads([*large, *small], 4)] == [1, 1, 4, 1]
    live = [as_frame("live", is_live=True) for _ in range(3)]
    assert [len(one) for one in batch_reads(live, 4)] == [1, 1, 1]


def test_files_that_are_passed_over_do_not_pile_up_in_a_batch() -> None:
    others = [Ignored(str(number)) for number in range(100)]
    assert max(len(one) for one in batch_reads(others, 4)) <= 32
