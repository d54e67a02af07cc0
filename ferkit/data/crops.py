"""Crop faces from images. Detections are cached, so each image is detected once."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ferkit.components.component import Component
from ferkit.data.align import align_face
from ferkit.data.detection_cache import DetectionCache
from ferkit.data.images import image_sha256, read_image
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError
from ferkit.interfaces import Detections, Detector, Face, Sample
from ferkit.messages import count_of

NO_LANDMARKS = 'Choose a detector that gives landmarks, or set faces.align = "none".'
BATCH = 16
"""Number of images that are decoded at a time. The detector gets those without cached detections."""


@dataclass(frozen=True, slots=True)
class CropResult:
    """The faces of samples.

    Attributes:
        faces: Faces in the order of the samples.
        skipped: Samples without a face, with the reason.
        warnings: Sentences for the reader of the results.
    """

    faces: list[Face]
    skipped: list[tuple[Sample, str]]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """An image file.

    Attributes:
        sample: The sample of the image.
        sha256: Hash of the file.
        image: (H, W, 3) uint8 RGB.
    """

    sample: Sample
    sha256: str
    image: NDArray[np.uint8]


def crop_faces(
    samples: Sequence[Sample],
    detector: Detector,
    *,
    cache: DetectionCache,
    options: FaceOptions,
    progress: Callable[[int, int], None] | None = None,
) -> CropResult:
    """Crop the first face of each image. Detections stay in the cache if this is interrupted.

    Args:
        samples: The images.
        detector: The detector.
        cache: Cache of the detector.
        options: Margin, and how to treat unreadable files and images without a face.
        progress: Called with (images done, images in total).

    Raises:
        DataError: A file is unreadable, and the options do not skip it. Alignment is requested, but
            the detector gives no landmarks.
    """
    faces: list[Face] = []
    landmarks = LandmarkCount()
    skipped: list[tuple[Sample, str]] = []
    ordered = iter(samples)
    done = 0
    while batch := list(islice(ordered, BATCH)):
        images = list(_read(batch, options, skipped))
        for image, found in zip(images, _detect(images, detector, cache), strict=True):
            if len(found.boxes) or options.no_face == "whole_image":
                faces.append(crop_face(image, found, options))
                landmarks.add(found.landmarks[:1])
            else:
                skipped.append((image.sample, "no face was found"))
        done += len(batch)
        if progress:
            progress(done, len(samples))
    return CropResult(faces, skipped, landmarks.judge(options))


@dataclass
class LandmarkCount:
    """Number of faces with landmarks, and of faces without.

    Attributes:
        known: Faces with landmarks.
        unknown: Faces without.
    """

    known: int = 0
    unknown: int = 0

    def add(self, landmarks: NDArray[np.float32]) -> None:
        """Count the faces of an image, (N, 5, 2)."""
        known = int(np.isfinite(landmarks).all(axis=(1, 2)).sum())
        self.known += known
        self.unknown += len(landmarks) - known

    @property
    def are_missing(self) -> bool:
        """True if there were faces, none with landmarks."""
        return self.unknown > 0 and not self.known

    def judge(self, options: FaceOptions) -> tuple[str, ...]:
        """Return a warning of faces that cannot be aligned. Raises DataError if no face can be."""
        if options.align == "none" or not self.unknown:
            return ()
        if self.are_missing:
            raise DataError(
                f'Cannot align faces (faces.align = "{options.align}"): the detector found '
                f"{count_of(self.unknown, 'face')}, none with landmarks. {NO_LANDMARKS}"
            )
        total = count_of(self.known + self.unknown, "face")
        return (f"{self.unknown} of {total} could not be aligned (no landmarks): cropped by the box",)


def _read(
    samples: Sequence[Sample], options: FaceOptions, skipped: list[tuple[Sample, str]]
) -> Iterator[LoadedImage]:
    for sample in samples:
        try:
            yield LoadedImage(sample, image_sha256(sample.path), read_image(sample.path))
        except DataError as error:
            if options.unreadable == "stop":
                raise DataError(
                    f'{error}. To skip unreadable files: --set faces.unreadable="skip"'
                ) from error
            skipped.append((sample, str(error)))


def _detect(images: Sequence[LoadedImage], detector: Detector, cache: DetectionCache) -> list[Detections]:
    known = {image.sha256: cache.get(image.sha256) for image in images}
    fresh = {p.sha256: p.image for p in images if known[p.sha256] is None}
    if fresh:
        for sha256, detected in zip(fresh, detector(list(fresh.values())), strict=True):
            cache.put(sha256, detected)
            known[sha256] = detected
    return [found for p in images if (found := known[p.sha256]) is not None]


def crop_face(loaded: LoadedImage, found: Detections, options: FaceOptions) -> Face:
    """Crop the first face as `crop_detected` does. Without a face, the whole image is used."""
    image = loaded.image
    if not len(found.boxes):
        return Face(loaded.sample, image, None, None, loaded.sha256)
    x0, y0, x1, y1 = (float(edge) for edge in found.boxes[0])
    crop = crop_detected(image, found, 0, options)
    return Face(loaded.sample, crop, (x0, y0, x1, y1), float(found.scores[0]), loaded.sha256)


def crop_detected(
    image: NDArray[np.uint8], found: Detections, number: int, options: FaceOptions
) -> NDArray[np.uint8]:
    """Crop a face of an (H, W, 3) image: aligned if the options say so and its landmarks are known.

    Otherwise the box is extended on every side by half the margin times its longer side, and clipped.
    """
    aligned = None if options.align == "none" else align_face(image, found.landmarks[number], options)
    return crop_box(image, found.boxes[number], options.margin).copy() if aligned is None else aligned


def crop_box(image: NDArray[np.uint8], box: NDArray[np.float32], margin: float) -> NDArray[np.uint8]:
    """Return a view of an (H, W, 3) image: a (4,) box, extended as by `crop_detected`, at least one pixel."""
    x0, y0, x1, y1 = (float(edge) for edge in box)
    extra = margin * max(x1 - x0, y1 - y0) / 2
    height, width = image.shape[:2]
    left, right = _clip(x0 - extra, x1 + extra, width)
    top, bottom = _clip(y0 - extra, y1 + extra, height)
    return image[top:bottom, left:right]


def _clip(low: float, high: float, size: int) -> tuple[int, int]:
    """Return a range of at least one pixel inside the image."""
    start = min(max(int(np.floor(low)), 0), size - 1)
    return start, max(min(int(np.ceil(high)), size), start + 1)


def describe_detector(who: Component, options: Mapping[str, object], detector: Detector) -> str:
    """Return the cache key of a detector: component, all options and version."""
    parameters = inspect.signature(type(detector)).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
    settings = json.dumps({**defaults, **options}, sort_keys=True, default=str)
    return f"{who.name} {who.identify(detector)} {settings} {detector.version}"
