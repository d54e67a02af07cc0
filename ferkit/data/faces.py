"""Find the faces of samples with a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ferkit.components.build import build
from ferkit.components.contract import AgreedDetector
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.crops import CropResult, crop_faces, describe_detector
from ferkit.data.detection_cache import DetectionCache
from ferkit.data.duplicates import drop_duplicates
from ferkit.data.options import FaceOptions
from ferkit.interfaces import Sample


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
    """
    built = build(registry, "detector", detector)
    who = registry.get("detector", detector.name)
    cache = DetectionCache(describe_detector(who, detector.options, built))
    agreed = AgreedDetector(built, who)
    crops = crop_faces(samples, agreed, cache=cache, options=options, progress=on_progress)
    return drop_duplicates(crops) if options.duplicates == "drop" else crops
