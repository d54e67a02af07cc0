"""Copies of animations: their kind, their frames' times, how often they are repeated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from ferkit.data.images import as_rgb
from ferkit.predict import Predicted, Predictor
from ferkit.predict.job import do_work
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import VideoSource
from ferkit.predict.output.annotated import COLOUR, AnnotatedFolder
from ferkit.predict.output.open import open_sink
from ferkit.predict.output.video_writer import AnimationCopy, begin_copy
from ferkit.predict.row import Row
from tests.predict.drawn import picture

TIMES = [100, 300, 50, 150]
KINDS = ["gif", "webp", "png"]


def write(file: Path, *shown: Image.Image, **options: Any) -> Path:
    pictures = shown or [Image.fromarray(picture((15 * n, 10))) for n in range(len(TIMES))]
    pictures[0].save(file, save_all=True, append_images=pictures[1:], **{"duration": TIMES, **options})
    return file


def copy(model: Path, file: Path, every: int = 1) -> Path:
    out = file.parent / "out"
    assert do_work(Predictor(model), [file], [open_sink(out, [file])], every=every).is_complete
    assert [path.name for path in out.iterdir()] == [file.name]
    return out / file.name


def shown_in(file: Path) -> tuple[list[float], list[NDArray[np.uint8]], Any]:
    """Milliseconds, pictures, and how often it is repeated."""
    with Image.open(file) as image:
        pictures, times = [], []
        for one in ImageSequence.Iterator(image):
            pictures.append(np.array(as_rgb(one.copy())))
            times.append(one.info["duration"])
        return times, pictures, image.info.get("loop")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loop", [0, 3])
def test_a_copy_is_of_its_kind_with_each_frames_own_time_and_as_many_repeats(
    model: Path, tmp_path: Path, kind: str, loop: int
) -> None:
    file = write(tmp_path / f"a.{kind}", loop=loop)
    times, pictures, repeated = shown_in(copy(model, file))
    assert times == TIMES
    assert repeated == loop
    for number, one in enumerate(pictures):
        place = 15 * number + 10
        for y, colour in ((27, (220, 30, 30)), (30, COLOUR), (60, (20, 40, 200))):  # face, box and ground
            assert np.abs(one[y, place].astype(int) - colour).max() < 90, (number, y)
    with Image.open(file) as original, Image.open(tmp_path / "out" / file.name) as made:
        assert made.format == original.format


def test_a_gif_that_is_shown_once_stays_so(model: Path, tmp_path: Path) -> None:
    assert shown_in(copy(model, write(tmp_path / "a.gif")))[2] is None


def test_of_every_second_frame_a_copy_lasts_as_long(model: Path, tmp_path: Path) -> None:
    assert shown_in(copy(model, write(tmp_path / "a.gif"), every=2))[0] == [400, 200]


@pytest.mark.parametrize(("kind", "to_background"), [("gif", 2), ("webp", 0), ("png", 1)])
def test_what_is_transparent_is_white_and_nothing_of_the_frame_before_shows_through(
    model: Path, tmp_path: Path, kind: str, to_background: int
) -> None:
    shown = [Image.new("RGBA", (96, 64), (9, 9, 9, 0)) for _ in range(3)]
    for number, one in enumerate(shown):
        one.paste((20, 40, 200, 255), (30 * number, 40, 30 * number + 20, 60))
    options = {"disposal": to_background, "lossless": True}  # a WebP that is not is saved without alpha
    file = write(tmp_path / f"a.{kind}", *shown, duration=[100, 200, 70], **options)
    with Image.open(file) as image:
        assert image.has_transparency_data
    times, pictures, _ = shown_in(copy(model, file))
    assert times == [100, 200, 70]
    for number, one in enumerate(pictures):
        is_white = [bool(one[50, 30 * place + 10].min() > 240) for place in range(3)]
        assert is_white == [place != number for place in range(3)]


def test_a_picture_of_many_colours_keeps_them_nearly(model: Path, tmp_path: Path) -> None:
    ramp = np.indices((64, 96)).transpose(1, 2, 0).astype(np.uint8)
    many = np.dstack([ramp * 2, ramp[..., :1]])
    shown = [Image.fromarray(one) for one in (many, many[::-1])]
    _, pictures, _ = shown_in(copy(model, write(tmp_path / "a.webp", *shown, duration=100, lossless=True)))
    assert np.abs(pictures[0].astype(int) - many).mean() < 6
    file = write(tmp_path / "b.gif", *shown, duration=100)
    (tmp_path / "out" / "a.webp").unlink()
    assert np.abs(shown_in(copy(model, file))[1][1].astype(int) - many[::-1]).mean() < 10


@pytest.fixture
def started(tmp_path: Path) -> AnimationCopy:
    file = write(tmp_path / "a.gif")
    frame = Frame(VideoSource(file, Path("a.gif"), is_animation=True), picture(), 0, 0.0, 0.1)
    (tmp_path / "out").mkdir()
    made = begin_copy(frame, tmp_path / "out" / "a.gif")
    assert isinstance(made, AnimationCopy)
    return made


def test_one_that_is_stopped_can_be_shown_beside_its_place(started: AnimationCopy, tmp_path: Path) -> None:
    folder = AnnotatedFolder(tmp_path / "stopped", [])
    for n in range(3):
        assert not folder.write(Predicted(replace(started.first, image=picture((n, n))), [Row("a.gif")]))
    part = tmp_path / "stopped" / ".part.a.gif"
    assert str(folder.close(is_whole=False)).endswith(f"of a.gif a part: {part}")
    assert shown_in(part)[0] == [100] * 3
    assert list(part.parent.iterdir()) == [part]


def test_a_frame_that_can_not_be_kept_leaves_nothing_behind(
    started: AnimationCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("file too large")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match=r"\.part\.a\.gif\.tiff: file too large"):
        started.write(picture(), 0.1)
    assert not list(started.file.parent.iterdir())


def test_a_time_that_its_kind_can_not_tell_is_an_error_that_names_the_kind(started: AnimationCopy) -> None:
    for n in range(2):
        started.write(picture((n, n)), 1e6)
    with pytest.raises(OSError, match="as GIF: "):
        started.finish()
    assert not list(started.file.parent.iterdir())
