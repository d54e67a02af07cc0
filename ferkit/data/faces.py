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
from ferkit.errors import DataError, FerkitError, Problem
from ferkit.interfaces import Sample


def alignment_problem(detector: Component, options: FaceOptions, registry: Registry) -> Problem | None:
    """Return a problem if faces shall be aligned, but the detector says that it gives no landmarks."""
    if options.align == "none" or gives_landmarks(detector.load()):
        return None
    needs = f'"{options.align}" needs landmarks, but the {detector} gives none'
    others = [one for one in registry.names("detector") if _is_with_landmarks(one, registry)]
    hint = f"Such detectors: {', '.join(others)}. {NO_LANDMARKS}" if others else NO_LANDMARKS
    return Problem("faces.align", needs, hint)


def _is_with_landmarks(name: str, registry: Registry) -> bool:
    try:
        return gives_landmarks(registry.get("detector", name).load())
    except FerkitError:  # its packages are not installed
        return False


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
    if problem := alignment_problem(who, options, registry):
        raise DataError(str(problem))
    cache = DetectionCache(describe_detector(who, detector.options, built))
    agreed = AgreedDetector(built, who)
    crops = crop_faces(samples, agreed, cache=cache, options=options, progress=on_progress)
    return drop_duplicates(crops) if options.duplicates == "drop" else crops
