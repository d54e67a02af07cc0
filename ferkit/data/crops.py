"""Images -> crops of faces, through a detector that sees each image once, ever."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ferkit.components.component import Component
from ferkit.data.detection_cache import DetectionCache
from ferkit.data.images import image_sha256, read_image
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError
from ferkit.interfaces import Detections, Detector, Face, Sample

BATCH = 16
"""Images that are decoded at a time; a detector is given those of them that it has not seen."""


@dataclass(frozen=True, slots=True)
class CropResult:
    """faces: in the samples' order; skipped: the samples that gave none, with the reason; warnings: what
    whoever reads the numbers must know of it."""

    faces: list[Face]
    skipped: list[tuple[Sample, str]]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """A file that was read: its sha256, and image (H, W, 3) uint8 RGB."""

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
    """One face of each image: the first that the detector gives.

    progress: called with the images done and their total. Raises DataError at the first unreadable
    file, unless the options say to skip it. What was detected before an interruption stays in the cache.
    """
    faces: list[Face] = []
    skipped: list[tuple[Sample, str]] = []
    ordered = iter(samples)
    done = 0
    while batch := list(islice(ordered, BATCH)):
        images = list(_read(batch, options, skipped))
        for image, found in zip(images, _detect(images, detector, cache), strict=True):
            if len(found.boxes) or options.no_face == "whole_image":
                faces.append(crop_face(image, found, options.margin))
            else:
                skipped.append((image.sample, "no face was found"))
        done += len(batch)
        if progress:
            progress(done, len(samples))
    return CropResult(faces, skipped)


def _read(
    samples: Sequence[Sample], options: FaceOptions, skipped: list[tuple[Sample, str]]
) -> Iterator[LoadedImage]:
    for sample in samples:
        try:
            yield LoadedImage(sample, image_sha256(sample.path), read_image(sample.path))
        except DataError as error:
            if options.unreadable == "stop":
                raise DataError(
                    f'{error}. To go on without such files: --set faces.unreadable="skip"'
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


def crop_face(loaded: LoadedImage, found: Detections, margin: float) -> Face:
    """The first box, widened on every side by half the margin times its longer side, clipped."""
    image = loaded.image
    if not len(found.boxes):
        return Face(loaded.sample, image, None, None, loaded.sha256)
    x0, y0, x1, y1 = (float(edge) for edge in found.boxes[0])
    crop = crop_box(image, found.boxes[0], margin).copy()
    return Face(loaded.sample, crop, (x0, y0, x1, y1), float(found.scores[0]), loaded.sha256)


def crop_box(image: NDArray[np.uint8], box: NDArray[np.float32], margin: float) -> NDArray[np.uint8]:
    """What a box (4,) shows of an image (H, W, 3), widened as above: a view of at least one pixel."""
    x0, y0, x1, y1 = (float(edge) for edge in box)
    extra = margin * max(x1 - x0, y1 - y0) / 2
    height, width = image.shape[:2]
    left, right = _clip(x0 - extra, x1 + extra, width)
    top, bottom = _clip(y0 - extra, y1 + extra, height)
    return image[top:bottom, left:right]


def _clip(low: float, high: float, size: int) -> tuple[int, int]:
    """A range of at least one pixel inside the image."""
    start = min(max(int(np.floor(low)), 0), size - 1)
    return start, max(min(int(np.ceil(high)), size), start + 1)


def describe_detector(who: Component, options: Mapping[str, object], detector: Detector) -> str:
    """Return what detections are cached under besides the image: component, all options and version."""
    parameters = inspect.signature(type(detector)).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
    settings = json.dumps({**defaults, **options}, sort_keys=True, default=str)
    return f"{who.name} {who.identify(detector)} {settings} {detector.version}"
