"""Images whose face is, pixel for pixel, that of another: which of them stays."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from ferkit.data.crops import CropResult
from ferkit.interfaces import Face, Sample

PRECEDENCE = {"test": 0, "validation": 1}
"""Parts whose images stay before those of others: what is scored is not given up for what is trained on."""


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
    told = ", ".join(f"{count} {why}" for why, count in counts.most_common())
    what = "image is left out as a pixel-for-pixel duplicate of another"
    if len(left) > 1:
        what = "images are left out as pixel-for-pixel duplicates of others"
    warning = f"{len(left)} {what}: {told}"
    return replace(crops, faces=kept, skipped=[*crops.skipped, *left], warnings=(*crops.warnings, warning))


def pixel_hash(face: Face) -> str:
    """Of the crop's pixels, whatever the file around them."""
    return hashlib.sha256(f"{face.image.shape}".encode() + face.image.tobytes()).hexdigest()


def judge_duplicates(samples: Sequence[Sample], keys: Sequence[Hashable]) -> dict[int, tuple[str, str]]:
    """Position -> (why in general, the reason) of each sample that is to be left out.

    keys: equal for duplicates. Those of a test image go, then those of a validation image, whatever their
    labels. Of those in one split the first stays, or none where their labels differ.
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
                f"its face is that of the {first.split} image {first.path}",
            )
        elif len(labels) > 1:
            other = next(one for _, one in staying if one.label != sample.label)
            said = f"its face is that of {other.path}, which is labelled {other.label}, not {sample.label}"
            reasons[place] = ("under several labels", said)
        elif sample is not first:
            reasons[place] = ("of one in the same split", f"its face is that of {first.path}")
    return reasons


def _rank(sample: Sample) -> int:
    return PRECEDENCE.get(sample.split, len(PRECEDENCE))
