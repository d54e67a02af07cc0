"""Drop images whose faces are identical to another face, pixel for pixel."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from ferkit.data.crops import CropResult
from ferkit.interfaces import Face, Sample

PRECEDENCE = {"test": 0, "validation": 1}
"""Priority of splits: images that are scored are kept, and duplicates in the training data are dropped."""


def drop_duplicates(crops: CropResult) -> CropResult:
    """Skip duplicate faces, each with its reason, and count them in a warning."""
    reasons = judge_duplicates(
        [face.sample for face in crops.faces], [pixel_hash(face) for face in crops.faces]
    )
    if not reasons:
        return crops
    kept = [face for place, face in enumerate(crops.faces) if place not in reasons]
    left = [(crops.faces[place].sample, reason) for place, (_, reason) in sorted(reasons.items())]
    counts = Counter(why for why, _ in reasons.values())
    listed = ", ".join(f"{count} {why}" for why, count in counts.most_common())
    what = "image is dropped as a pixel-for-pixel duplicate of another"
    if len(left) > 1:
        what = "images are dropped as pixel-for-pixel duplicates of others"
    warning = f"{len(left)} {what}: {listed}"
    return replace(crops, faces=kept, skipped=[*crops.skipped, *left], warnings=(*crops.warnings, warning))


def pixel_hash(face: Face) -> str:
    """Return the hash of the pixels of a crop."""
    return hashlib.sha256(f"{face.image.shape}".encode() + face.image.tobytes()).hexdigest()


def judge_duplicates(samples: Sequence[Sample], keys: Sequence[Hashable]) -> dict[int, tuple[str, str]]:
    """Select the duplicates to drop.

    Duplicates of a test image are dropped, then duplicates of a validation image. Within one split, the first
    image stays, or none if the labels differ.

    Args:
        samples: The images.
        keys: One key for each image. Duplicates have equal keys.

    Returns:
        Position of each dropped sample to (category, reason).
    """
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        places[key].append(place)
    reasons: dict[int, tuple[str, str]] = {}
    for several in places.values():
        if len(several) > 1:
            reasons |= _judge([(place, samples[place]) for place in several])
    return reasons


def _judge(duplicates: Sequence[tuple[int, Sample]]) -> dict[int, tuple[str, str]]:
    best = min(_rank(sample) for _, sample in duplicates)
    staying = [(place, sample) for place, sample in duplicates if _rank(sample) == best]
    labels = sorted({sample.label for _, sample in staying})
    _, first = staying[0]
    reasons = {}
    for place, sample in duplicates:
        if _rank(sample) > best:
            reasons[place] = (
                f"of {first.split} images",
                f"its face equals that of the {first.split} image {first.path}",
            )
        elif len(labels) > 1:
            other = next(one for _, one in staying if one.label != sample.label)
            said = f"its face equals that of {other.path}, which has the label {other.label}"
            reasons[place] = ("with different labels", f"{said}, not {sample.label}")
        elif sample is not first:
            reasons[place] = ("of one in the same split", f"its face equals that of {first.path}")
    return reasons


def _rank(sample: Sample) -> int:
    return PRECEDENCE.get(sample.split, len(PRECEDENCE))
