"""The predictor: find faces in images and videos and recognise their expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np
from numpy.typing import NDArray

from ferkit.components.discovery import importable
from ferkit.data.crops import LandmarkCount, crop_detected
from ferkit.errors import RunError
from ferkit.interfaces import Detections
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.predict.carrier import FaceCarrier
from ferkit.predict.face_finder import FaceFinder, read_part
from ferkit.predict.given import Given, as_frame, is_one_image, list_images
from ferkit.predict.media.frames import Frame, Read, batch_reads, read_frames
from ferkit.predict.media.sources import Ignored, InputError, find_sources
from ferkit.predict.model.judge import judge
from ferkit.predict.model.load import Source, find_source, load_model, places_of
from ferkit.predict.model.which import FoldChoice, WhichNetwork
from ferkit.predict.predicted import Predicted, rows_of
from ferkit.predict.rates import DETECT_EVERY
from ferkit.predict.results import Faces, Results
from ferkit.predict.smoothing import check_seconds
from ferkit.predict.smoothing import smooth as smooth_tracks
from ferkit.predict.video_tracks import VideoTracks
from ferkit.runtime.hub_reference import hash_of_hub


class Predictor:
    """A face detector and a trained model for new images and videos.

    Args:
        model: A run folder, a model file (.safetensors, .onnx or .pt2 from `ferkit export`), the name of a
            bundled model, a model on the Hugging Face Hub ("hf://USER/NAME@REVISION"), or a network of
            `ferkit.load_model`, which is copied. Default: the bundled model with seven expressions.
        repeat: The repeat whose network is used, from 0, if `model` is a run folder. Default: the first.
        fold: The fold whose network is used, from 0, if `model` is a run folder. "all" averages the
            probabilities of all folds of the repeat. "refit" is the network of `ferkit run --refit`. Default:
            "refit" if the run has it, or else the first fold.
        detector: A detector's name, also with options: `mtcnn:min_face_size=40,factor=0.8` or a TOML table,
            `{name="mtcnn", min_face_size=40}`. Default: the detector of the model.
        device: "auto", "cpu", "cuda" or "cuda:0".
        batch_size: Number of images, and of faces, in a batch; 1 or more.
        threshold: Rows whose confidence is below this probability, 0..1, are marked as abstained.
        most_faces: Maximum number of faces per image, 1 or more; those with the highest score are kept.
            Default: all.
        trust_plugins: Import modules that the model names, also if no installed plugin provides them. Only
            for models whose code you know.

    Attributes:
        labels: The label names, in the order of the model's outputs.
        description: The model's settings: labels, crops, network and detector.
        sha256: Hash of the file of a model on the Hub; "" for another model.

    Raises:
        RunError: The model cannot be found or loaded, or an argument is out of range. Or the model aligns
            faces, and the detector gives no landmarks.
        ComponentError: The detector cannot be built, or the model needs a module that is not trusted.

    Example:
        >>> predictor = ferkit.Predictor(threshold=0.5)
        >>> for row in predictor("face.jpg"):
        ...     print(row.label, row.confidence, row.box)
    """

    def __init__(
        self,
        model: Source = None,
        *,
        repeat: int | None = None,
        fold: FoldChoice | None = None,
        detector: str | None = None,
        device: str = "auto",
        batch_size: int = 16,
        threshold: float = 0.0,
        most_faces: int | None = None,
        trust_plugins: bool = False,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise RunError(f"threshold: expected a probability from 0 to 1, got {threshold}")
        _check_count("batch_size", batch_size)
        model = find_source(model)
        if most_faces is not None:
            _check_count("most_faces", most_faces)
        with importable(*places_of(model, trust_plugins)):
            loaded = load_model(model, WhichNetwork(repeat, fold), device, trust_plugins)
            part = read_part(detector) if detector else loaded.description.detector
            self._find_boxes = FaceFinder(loaded.registry, part, device, loaded.runtime)
        self._landmarks = LandmarkCount()
        if loaded.description.faces.align != "none" and not self._find_boxes.has_landmarks:
            raise _no_landmarks(loaded.title, part.name)
        self.detector = part.name
        self.description = loaded.description
        self.labels = loaded.description.labels
        self.title = loaded.title
        self.sha256 = hash_of_hub(model) if isinstance(model, Path) else ""
        self.warning = loaded.warning
        self.batch_size = batch_size
        self.threshold = threshold
        self.most_faces = most_faces
        self._classify = loaded.classify
        shown = loaded.description.model
        self._normalise = Normalisation(shown.normalize, shown.color)

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a str is an Iterable[str] too
        self, images: Given, *, bgr: bool = False
    ) -> Faces: ...

    @overload
    def __call__(self, images: Iterable[Given], *, bgr: bool = False) -> Results: ...

    def __call__(self, images: Given | Iterable[Given], *, bgr: bool = False) -> Faces | Results:
        """Recognise the expressions in an image or in several; arguments and errors as for `predict`.

        Returns:
            For one image, its `Faces`. For several, `Results`: a list of `Faces`.

        Example:
            >>> ferkit.Predictor()("face.jpg").to_pandas()
        """
        results = self.predict(images, bgr=bgr)
        return results[0] if is_one_image(images) else results

    def predict(self, images: Given | Iterable[Given], *, bgr: bool = False) -> Results:
        """Recognise the expressions in images. Use `stream` for videos and many files.

        Args:
            images: An image or several. An image is a file's path, the bytes of a file, a PIL image, or an
                RGB array of shape (H, W, 3), uint8. An array (N, H, W, 3) is N images.
            bgr: The channels of arrays are in the order BGR, as OpenCV reads them.

        Returns:
            For each image, in order, a list with one row per face. It is empty if there is no face.

        Raises:
            DataError: An image cannot be read, or an array has another shape or type.

        Example:
            >>> rows = ferkit.Predictor().predict(["a.jpg", "b.jpg"])
            >>> len(rows)
            2
        """
        frames = (as_frame(one, number, bgr) for number, one in enumerate(list_images(images)))
        found = [one for one in self.predict_frames(frames) if isinstance(one, Predicted)]
        return Results([one.faces(self.labels) for one in found], self.labels)

    def stream(
        self,
        inputs: str | Path | Sequence[str | Path],
        *,
        every: int = 1,
        detect_every: int = DETECT_EVERY,
        smooth: float = 0.0,
        stdin: BinaryIO | None = None,
    ) -> Iterator[Predicted | Ignored | InputError]:
        """Recognise the expressions in files, folders, videos and cameras. Memory use is constant.

        Args:
            inputs: One or several files, folders, patterns ("*.jpg"), camera numbers ("0"), or "-" for a list
                of paths on standard input.
            every: Process every N-th video frame; 1 or more.
            detect_every: Detect faces in every N-th processed frame; 1 or more. In between, faces are carried
                by optical flow: a new face appears up to N - 1 frames late. `face_score` is that of the last
                detection.
            smooth: Smooth the probabilities of each track over this time, 0 to 10 seconds on each side. The
                label is that of the smoothed values. Frames come this much later. 0 does not smooth.
            stdin: Binary stream for "-". Default: standard input.

        Yields:
            In order, `Predicted` for each image or frame, `Ignored` for a file in a folder that is neither
            image nor video, and `InputError` for an input that cannot be read. Later inputs continue.

        Raises:
            RunError: `every`, `detect_every` or `smooth` is out of range.

        Example:
            >>> for found in ferkit.Predictor().stream("holiday.mp4", every=5):
            ...     for row in getattr(found, "rows", []):
            ...         print(row.time, row.track, row.label)
        """
        _check_count("every", every)
        _check_count("detect_every", detect_every)
        check_seconds(smooth)
        given = [inputs] if isinstance(inputs, str | Path) else inputs
        found = self.predict_frames(read_frames(find_sources(given, stdin), every), detect_every)
        yield from smooth_tracks(found, smooth, self.threshold)

    def predict_frames(
        self, reads: Iterable[Read], detect_every: int = DETECT_EVERY
    ) -> Iterator[Predicted | Ignored | InputError]:
        """Recognise the expressions in decoded frames, as `stream` does. Other items pass unchanged."""
        find = FaceCarrier(self._find_boxes, detect_every)
        tracks = VideoTracks()
        for batch in batch_reads(reads, self.batch_size):
            frames = [one for one in batch if isinstance(one, Frame)]
            found = iter(self._find(frames, find))
            for one in batch:
                if isinstance(one, Frame):
                    detections, probabilities = next(found)
                    numbers = tracks.follow(one, detections)
                    rows = rows_of(one, detections, probabilities, numbers, self.labels, self.threshold)
                    yield Predicted(one, rows)
                else:
                    yield one

    def _find(
        self, frames: Sequence[Frame], find: FaceCarrier
    ) -> Iterator[tuple[Detections, NDArray[np.float64]]]:
        """Yield the faces of each image with their probabilities (faces, labels)."""
        if not frames:
            return
        found = [_keep_best(one, self.most_faces) for one in find(frames)]
        self._check_landmarks(found)
        probabilities = self.classify_faces([frame.image for frame in frames], found)
        ends = np.cumsum([len(one.boxes) for one in found])[:-1]
        yield from zip(found, np.split(probabilities, ends), strict=True)

    def classify_faces(
        self, images: Sequence[NDArray[np.uint8]], found: Sequence[Detections]
    ) -> NDArray[np.float64]:
        """Return the probabilities (faces, labels) of all given faces of (H, W, 3) uint8 RGB images."""
        faces = [
            self._prepare(image, one, number)
            for image, one in zip(images, found, strict=True)
            for number in range(len(one.boxes))
        ]
        chunks = [faces[i : i + self.batch_size] for i in range(0, len(faces), self.batch_size)]
        none = np.zeros((0, len(self.labels)))
        return np.concatenate([none, *(self._judge(np.stack(chunk)) for chunk in chunks)])

    def _check_landmarks(self, found: Sequence[Detections]) -> None:
        """Raises RunError if the model aligns faces, and the detector has given no landmarks so far."""
        for one in found:
            self._landmarks.add(one.landmarks)
        if self.description.faces.align != "none" and self._landmarks.are_missing:
            raise _no_landmarks(self.title, self.detector)

    def _judge(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        return judge(self._classify, faces, self.labels, self.title)

    def _prepare(self, image: NDArray[np.uint8], found: Detections, number: int) -> NDArray[np.float32]:
        crop = crop_detected(image, found, number, self.description.faces)
        square = resize_square(np.ascontiguousarray(crop), self.description.model.image_size)
        return self._normalise(square)


def _check_count(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 1:
        raise RunError(f"{name}: expected a whole number of at least 1, got {given!r}")


def _no_landmarks(model: str, detector: str) -> RunError:
    return RunError(
        f"Cannot predict with {model}: it aligns faces by landmarks, but the detector {detector!r} gives "
        "none. Choose a detector that gives landmarks: --detector."
    )


def _keep_best(found: Detections, most: int | None) -> Detections:
    """Keep the faces with the highest scores, in the detector's order."""
    if most is None or len(found.boxes) <= most:
        return found
    kept = np.sort(np.argsort(-found.scores, kind="stable")[:most])
    return Detections(found.boxes[kept], found.scores[kept], found.landmarks[kept])
