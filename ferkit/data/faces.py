"""Find the faces of samples with a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ferkit.components.build import build
from ferkit.components.component import Component
from ferkit.components.contract import AgreedDetector, gives_landmarks
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.crops import NO_LANDMARKS, CropResult, crop_faces, describe_detector
from ferkit.data.detection_cache import DetectionCache
from ferkit.data.duplicates import drop_duplicates
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError, Problem
from ferkit.interfaces import Sample


def alignment_problem(detector: Component, options: FaceOptions) -> Problem | None:
    """Return a problem if faces shall be aligned, but the detector says that it gives no landmarks."""
    if options.align == "none" or gives_landmarks(detector.load()):
        return None
    needs = f'"{options.align}" needs landmarks, but the {detector} gives none'
    return Problem("faces.align", needs, NO_LANDMARKS)


def find_faces(
    detector: Part,
    options: FaceOptions,
    registry: Registry,
    samples: Sequence[Sample],
    on_progress: Callable[[int, int], None] | None = None,
) -> CropResult:
    """Crop the face of each sample; detections are cached by image hash.

    Args:
        detector: Name and options of the detector.
        options: Margin, and what happens to images without a face, unreadable files and duplicates.
        registry: The installed components.
        samples: The images.
        on_progress: Called with (images done, images in total).

    Raises:
        DataError: A file is unreadable, or faces shall be aligned without landmarks.
    """
    built = build(registry, "detector", detector)
    who = registry.get("detector", detector.name)
    if problem := alignment_problem(who, options):
        raise DataError(str(problem))
    cache = DetectionCache(describe_detector(who, detector.options, built))
    agreed = AgreedDetector(built, who)
    crops = crop_faces(samples, agreed, cache=cache, options=options, progress=on_progress)
    return drop_duplicates(crops) if options.duplicates == "drop" else crops
