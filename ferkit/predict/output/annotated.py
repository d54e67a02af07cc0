"""Annotated copies of images and videos."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ferkit.errors import RunError
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import ANIMATIONS, Camera, ImageSource, InputError, Stream, VideoSource
from ferkit.predict.output.sink import check_place
from ferkit.predict.output.video_writer import VideoCopy
from ferkit.predict.predicted import Predicted
from ferkit.predict.row import Row
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.file_kinds import is_video
from ferkit.runtime.walk import real_folders

WRITTEN = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""Suffixes that a copy keeps; others become .png."""
COLOUR, UNSURE, INK = (46, 160, 67), (128, 128, 128), (255, 255, 255)


class AnnotatedFolder:
    """A folder with a copy of each image under its own name, and of each video and animation as .mp4.

    A copy of a video has only the processed frames, the same duration, and the sound.
    """

    def __init__(self, folder: Path, inputs: Sequence[str | Path]) -> None:
        _check_apart(folder, inputs)
        self.folder = folder
        self._keeps_others = any(_may_lie_in(folder, one) for one in inputs)
        self._source: ImageSource | VideoSource | Camera | Stream | None = None
        self._moving: VideoCopy | None = None
        self._taken: set[Path] = set()
        check_place(folder, folder)

    def begin(self, labels: Sequence[str]) -> None: ...

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        frame, problems = predicted.frame, []
        if self._source is not frame.source:
            problems += self._finish_moving()
            self._source = frame.source
            problems += self._tried(frame, lambda: self._begin(frame, predicted.rows))
        if moving := self._moving:
            image = draw(frame.image, predicted.rows)
            problems += self._tried(frame, lambda: moving.write(frame, image))
            problems += [
                InputError(frame.file, f"its annotated copy: {one}") for one in moving.take_problems()
            ]
        return problems

    def _begin(self, frame: Frame, rows: Sequence[Row]) -> None:
        name = frame.source.name
        if frame.number is None:
            name = name if name.suffix.lower() in WRITTEN else Path(f"{name}.png")
            self._write_picture(frame, rows, self._place(frame, name))
        else:
            self._moving = VideoCopy(frame, self._place(frame, _name_of_copy(name)))

    def _tried(self, frame: Frame, do: Callable[[], None]) -> list[InputError]:
        """Call, and stop the copy of a video that fails, so that it is reported once."""
        try:
            do()
        except OSError as error:
            self._moving = None
            return [InputError(frame.file, f"its annotated copy cannot be written: {error}")]
        return []

    def _write_picture(self, frame: Frame, rows: Sequence[Row], file: Path) -> None:
        with atomic_path(file) as part:
            Image.fromarray(draw(frame.image, rows)).save(part, quality=92)

    def _place(self, frame: Frame, name: Path) -> Path:
        file = self._free(name)
        if file.exists() and os.path.exists(frame.file) and file.samefile(frame.file):
            raise OSError("it would replace the original: give another --out")
        return file

    def _free(self, name: Path) -> Path:
        """Find a path in the folder that neither this command nor an input uses."""
        wanted, number = name, 2
        while wanted in self._taken or (self._keeps_others and os.path.lexists(self.folder / wanted)):
            wanted, number = name.with_name(f"{name.stem}-{number}{name.suffix}"), number + 1
        self._taken.add(wanted)
        file = self.folder / wanted
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _finish_moving(self) -> list[InputError]:
        moving, self._moving = self._moving, None
        return self._tried(moving.first, lambda: _put_in_place(moving)) if moving else []

    def close(self, is_whole: bool) -> str | None:
        if self._moving and not is_whole:
            self._moving.finish()
            return f"{self.folder}; a part of {self._moving.file.name}: {self._moving.part}"
        for problem in self._finish_moving():
            raise RunError(f"{problem.file}: {problem.reason}")
        return str(self.folder)


def _name_of_copy(name: Path) -> Path:
    """Return clip.mp4 for clip.avi; camera-0.mp4 for camera-0."""
    is_known = is_video(name) or name.suffix.lower() in ANIMATIONS
    return name.with_suffix(".mp4") if is_known else name.with_name(f"{name.name}.mp4")


def _put_in_place(moving: VideoCopy) -> None:
    moving.finish()
    moving.part.replace(moving.file)


def _check_apart(folder: Path, inputs: Sequence[str | Path]) -> None:
    """Check that no copy becomes an input or replaces an original. Raises RunError."""
    place = folder.resolve()
    for one in inputs:
        if os.path.isdir(one) and place.is_relative_to(Path(one).resolve()):
            raise RunError(
                f"Cannot write to --out {folder}: it is in the input {one}, so the copies would be inputs. "
                "Give a folder elsewhere."
            )
        if os.path.isdir(one) and (linked := _linked_to(place, Path(one))):
            raise RunError(
                f"Cannot write to --out {folder}: a link in the input {one} leads to {linked}, so the copies "
                "would be inputs. Give a folder elsewhere."
            )
        if os.path.isfile(one) and Path(one).resolve().parent == place:
            raise RunError(
                f"Cannot write to --out {folder}: it is the folder of the input {one}, which the copy would "
                "replace. Give a folder elsewhere."
            )


def _linked_to(place: Path, root: Path) -> Path | None:
    """Find a folder that links in root lead to, if the place is in it or contains it."""
    own = root.resolve()
    outside = (inside for inside in real_folders(root) if not inside.is_relative_to(own))
    return next((one for one in outside if place.is_relative_to(one) or one.is_relative_to(place)), None)


def _may_lie_in(folder: Path, one: str | Path) -> bool:
    """Return true for a pattern or list, whose files are not known yet, and for inputs in the folder."""
    return not os.path.lexists(one) or Path(one).resolve().is_relative_to(folder.resolve())


def draw(image: NDArray[np.uint8], rows: Sequence[Row]) -> NDArray[np.uint8]:
    """Draw the box, number, label and probability of each face on a copy of an image (H, W, 3) uint8 RGB."""
    if not any(row.face for row in rows):
        return image
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    unit = max(image.shape[:2]) / 640
    font = ImageFont.load_default(size=max(10, round(16 * unit)))
    for row in rows:
        if row.box is None:
            continue
        colour = UNSURE if row.abstained else COLOUR
        pen.rectangle(_ordered(row.box), outline=colour, width=max(1, round(2 * unit)))
        text = _caption(row)
        x, y = max(row.box[0], 0), max(row.box[1] - 20 * unit, 0)
        pen.rectangle(pen.textbbox((x, y), text, font=font), fill=colour)
        pen.text((x, y), text, fill=INK, font=font)
    return np.asarray(picture)


def _caption(row: Row) -> str:
    number = row.track or row.face
    share = 100 * row.probabilities.get(row.label, 0)
    return f"{number} unsure" if row.abstained else f"{number} {row.label} {share:.0f}%"


def _ordered(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
