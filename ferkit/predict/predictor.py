"""From images and videos to expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ferkit.components.discovery import folders_of_model, importable
from ferkit.data.crops import crop_box
from ferkit.data.images import read_image
from ferkit.errors import DataError, RunError
from ferkit.interfaces import Detections
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.predict.face_finder import FaceFinder, read_part
from ferkit.predict.media.frames import Frame, Read, batch_reads, read_frames
from ferkit.predict.media.sources import Ignored, ImageSource, InputError, find_sources
from ferkit.predict.model.load import find_model, load_model
from ferkit.predict.model.which import WhichNetwork
from ferkit.predict.row import Row


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """A picture, and a row for each face in it; one without a face where there is none."""

    frame: Frame
    rows: Sequence[Row]


class Predictor:
    """A detector and a trained network, ready for new pictures.

    model: a run's folder, a model file (.safetensors, .onnx, .pt2; see `ferkit export`) or the name of a
    bundled model; repeat, fold: which of a run's networks, from 0, the first by default; detector: a
    detector's name, or a TOML table as in a recipe, instead of the one that the network was trained with;
    device: "auto", "cpu", "cuda", "cuda:0"; batch_size: images, and faces, that are computed together;
    threshold: 0..1, below which a row says that it abstained; trust_plugins: import modules that the model
    names, also if no installed plugin provides them. Only for models whose code you know.

    labels: the names, in the order of a table's columns; told: a sentence about which model this is.

    Raises RunError where there is no such model, or its labels are others than the run's, ComponentError
    where the detector can't be built or the model needs a module that is not trusted.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        repeat: int | None = None,
        fold: int | None = None,
        detector: str | None = None,
        device: str = "auto",
        batch_size: int = 16,
        threshold: float = 0.0,
        trust_plugins: bool = False,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise RunError(f"threshold: expected a probability from 0 to 1, got {threshold}")
        if batch_size < 1:
            raise RunError(f"batch_size: expected at least 1, got {batch_size}")
        folders = folders_of_model(find_model(model)) if trust_plugins else ()
        with importable(*folders):
            loaded = load_model(model, WhichNetwork(repeat, fold), device, trust_plugins)
            part = read_part(detector) if detector else loaded.description.detector
            self._find_boxes = FaceFinder(loaded.registry, part, device, loaded.runtime)
        self.description = loaded.description
        self.labels = loaded.description.labels
        self.told = loaded.told
        self.batch_size = batch_size
        self.threshold = threshold
        self._classify = loaded.classify
        shown = loaded.description.model
        self._normalise = Normalisation(shown.normalize, shown.color)

    def predict(self, images: str | Path | Iterable[str | Path | NDArray[np.uint8]]) -> list[list[Row]]:
        """Files, or arrays (H, W, 3) uint8 RGB -> the rows of each, in their order; none without a face.

        One file's name stands for a list of it. Raises DataError at the first that can't be read. For videos
        and many files: `stream`.
        """
        given = [images] if isinstance(images, str | Path) else images
        frames = (_as_frame(one, number) for number, one in enumerate(given))
        found = [one.rows for one in self._predict(frames) if isinstance(one, Predicted)]
        return [[row for row in rows if row.face is not None] for rows in found]

    def stream(
        self, inputs: str | Path | Sequence[str | Path], *, every: int = 1, stdin: BinaryIO | None = None
    ) -> Iterator[Predicted | Ignored | InputError]:
        """Files, folders, patterns, camera numbers and "-" -> what is found, as it is found, in order.

        One of them stands for a list of it. every: of a video's frames, each so many-th. Memory does not
        grow with their number. What can't be read comes as a InputError, and the rest goes on.
        """
        if every < 1:
            raise RunError(f"every: expected at least 1, got {every}")
        given = [inputs] if isinstance(inputs, str | Path) else inputs
        yield from self._predict(read_frames(find_sources(given, stdin), every))

    def _predict(self, reads: Iterable[Read]) -> Iterator[Predicted | Ignored | InputError]:
        numbers = _Numbers()
        for batch in batch_reads(reads, self.batch_size):
            frames = [one for one in batch if isinstance(one, Frame)]
            found = iter(self._find(frames))
            for one in batch:
                if isinstance(one, Frame):
                    detections, probabilities = next(found)
                    tracks = numbers.follow(one, detections)
                    yield Predicted(one, self._rows(one, detections, probabilities, tracks))
                else:
                    yield one

    def _find(self, frames: Sequence[Frame]) -> Iterator[tuple[Detections, NDArray[np.float64]]]:
        """The faces of each picture, and their probabilities (faces, labels)."""
        if not frames:
            return
        found = self._find_boxes([frame.image for frame in frames])
        faces = [
            self._prepare(frame.image, box)
            for frame, one in zip(frames, found, strict=True)
            for box in one.boxes
        ]
        chunks = [faces[i : i + self.batch_size] for i in range(0, len(faces), self.batch_size)]
        none = np.zeros((0, len(self.labels)))
        probabilities = np.concatenate([none, *(self._judge(np.stack(chunk)) for chunk in chunks)])
        first = 0
        for one in found:
            yield one, probabilities[first : first + len(one.boxes)]
            first += len(one.boxes)

    def _judge(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        found, expected = self._classify(faces), (len(faces), len(self.labels))
        if found.shape != expected:
            raise RunError(
                f"{self.told}: it gave probabilities of shape {found.shape}, where its labels are "
                f"{', '.join(self.labels)}: {expected}. The file is damaged; export it again"
            )
        return found

    def _prepare(self, image: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.float32]:
        crop = crop_box(image, box, self.description.margin)
        square = resize_square(np.ascontiguousarray(crop), self.description.model.image_size)
        return self._normalise(square)

    def _rows(
        self,
        frame: Frame,
        found: Detections,
        probabilities: NDArray[np.float64],
        tracks: Sequence[int | None],
    ) -> list[Row]:
        if not len(found.boxes):
            return [Row(frame.file, frame.number, frame.time)]
        rows = []
        for number, (box, row) in enumerate(zip(found.boxes.tolist(), probabilities.tolist(), strict=True)):
            surest = max(row)
            rows.append(
                Row(
                    file=frame.file,
                    frame=frame.number,
                    time=frame.time,
                    face=number + 1,
                    track=tracks[number],
                    box=tuple(box),
                    face_score=float(found.scores[number]),
                    landmarks=_points(found.landmarks[number]),
                    probabilities=dict(zip(self.labels, row, strict=True)),
                    label=self.labels[row.index(surest)],
                    abstained=surest < self.threshold,
                )
            )
        return rows


def _points(landmarks: NDArray[np.float32]) -> tuple[tuple[float, float], ...] | None:
    is_known = bool(np.isfinite(landmarks).all())
    return tuple((x, y) for x, y in landmarks.tolist()) if is_known else None


class _Numbers:
    """A tracker for each video, begun with its first frame and let go with its last."""

    def __init__(self) -> None:
        self._source: object = None

    def follow(self, frame: Frame, found: Detections) -> Sequence[int | None]:
        if frame.number is None or frame.time is None:
            return [None] * len(found.boxes)
        if frame.source is not self._source:
            from ferkit.predict.tracker import Tracker  # scipy, which images do without

            self._source, self._tracker = frame.source, Tracker()
        return self._tracker.follow(found.boxes, frame.image, frame.time)


def _as_frame(image: str | Path | NDArray[np.uint8], number: int) -> Frame:
    if isinstance(image, str | Path):
        path = Path(image)
        return Frame(ImageSource(path, Path(path.name)), read_image(path))
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise DataError(
            f"image {number}: expected an array (H, W, 3) of uint8, RGB; got {image.shape} of {image.dtype}"
        )
    name = Path(f"image {number}")
    return Frame(ImageSource(name, name), image)
