"""Find images with identical bytes."""

from __future__ import annotations

from ferkit.audit.read import Images
from ferkit.audit.result import Duplicates


def find_duplicates(images: Images) -> tuple[Duplicates, ...]:
    """Return each image that has several files, those with several labels first."""
    places: dict[str, list[int]] = {}
    for place, sha256 in enumerate(images.sha256):
        places.setdefault(sha256, []).append(place)
    found = [
        Duplicates(
            sha256,
            tuple(images.names[one] for one in several),
            tuple(images.samples[one].label for one in several),
        )
        for sha256, several in places.items()
        if len(several) > 1
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_conflict, one.names)))
