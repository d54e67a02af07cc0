"""Examine the images of a folder: unreadable files, duplicates, and possible splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ferkit.audit.duplicates import find_duplicates
from ferkit.audit.read import Progress, no_progress, read_images
from ferkit.audit.result import Duplicates, Unreadable
from ferkit.data.duplicates import judge_duplicates
from ferkit.errors import DataError
from ferkit.evaluation.protocol import folds
from ferkit.evaluation.protocol_options import Protocol
from ferkit.interfaces import Sample
from ferkit.messages import count_of

SHOWN = 5
STEPS = 56
"""Number of training steps of recipes/london.toml: 102 images in batches of 16, eight times."""
MOST = 30
"""Maximum number of epochs."""
TRAINED = 0.6
"""Approximate fraction of the images that a fold trains on."""
FEWEST = 4
"""Minimum number of images of a class: two folds with two images each, for training and for selection."""


@dataclass(frozen=True, slots=True)
class Look:
    """The images of a folder.

    Attributes:
        samples: Images that a run uses.
        unreadable: Files that cannot be read.
        duplicates: Duplicates of other images.
    """

    samples: list[Sample]
    unreadable: tuple[Unreadable, ...]
    duplicates: tuple[Duplicates, ...]

    @property
    def classes(self) -> dict[str, int]:
        """Label to number of usable images."""
        return dict(sorted(Counter(sample.label for sample in self.samples).items()))


def look_at(samples: Sequence[Sample], progress: Progress = no_progress) -> Look:
    """Read every image once. Raises DataError if a class has no usable image."""
    found = read_images(samples, progress)
    left_out = judge_duplicates(found.samples, found.sha256)
    kept = [sample for place, sample in enumerate(found.samples) if place not in left_out]
    look = Look(kept, found.unreadable, find_duplicates(found))
    if lost := sorted({sample.label for sample in samples} - set(look.classes)):
        raise DataError(
            f"no image of the class {', '.join(lost)} can be used: the files can't be read, or are also in "
            f"the folder of another class. {' '.join(describe(look)[1:])}"
        )
    return look


def describe(look: Look) -> list[str]:
    """Describe the images in lines of text. File names are relative to the folder."""
    counts = ", ".join(f"{label} {count}" for label, count in look.classes.items())
    lines = [f"usable images: {counts or 'none'}"]
    if splits := Counter(sample.split for sample in look.samples if sample.split):
        lines.append(f"splits: {', '.join(f'{split} {count}' for split, count in splits.items())}")
    if look.unreadable:
        files = [f"{one.name} ({one.reason})" for one in look.unreadable]
        lines.append(f"{count_of(len(files), 'file')} can't be read and will be skipped: {_some(files)}")
    for is_conflict, words in ((True, CONFLICT), (False, SPARE)):
        found = [" = ".join(one.names) for one in look.duplicates if one.is_conflict == is_conflict]
        if found:
            lines.append(f"{count_of(len(found), 'image')} {words}: {_some(found)}")
    return lines


CONFLICT = "in more than one class, so the label is unknown; all copies will be dropped"
SPARE = "in more than one file; one file of each will be used"


def _some(items: Sequence[str]) -> str:
    more = f", and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def pick_protocol(samples: Sequence[Sample], is_grouped: bool) -> dict[str, Any]:
    """Choose the `[protocol]` of the recipe, with up to four folds.

    It is "holdout" if the data defines splits, "grouped" if there are groups, else "nested". In all of them,
    test images do not select the epoch of the reported score.

    Raises:
        DataError: There are too few images.
    """
    _check_counts(samples)
    name = "grouped" if is_grouped else "nested"
    if any(sample.split for sample in samples):
        name = "holdout"
    for count in (4, 3):
        table = _table(name, count)
        try:
            list(folds(parse_protocol(table), samples))
        except DataError:
            continue
        return table
    table = _table(name, 2)
    list(folds(parse_protocol(table), samples))  # raises the error of the smallest protocol
    return table


def pick_length(images: int) -> dict[str, int]:
    """Choose `fit.epochs` and `fit.batch_size`.

    A small folder gets as many steps as a hundred images in eight epochs, with up to MOST epochs.
    """
    size = 16 if images >= 100 else 8
    steps = -(-int(TRAINED * images) // size)
    return {"epochs": min(MOST, max(8, -(-STEPS // max(1, steps)))), "batch_size": size}


def _check_counts(samples: Sequence[Sample]) -> None:
    for label, count in sorted(Counter(sample.label for sample in samples).items()):
        if count < FEWEST:
            raise DataError(
                f"class {label!r} has {count_of(count, 'usable image')}; training, selection and testing "
                f"need at least {FEWEST} of each class. Add images, or remove its folder."
            )


def _table(name: str, folds: int) -> dict[str, Any]:
    if name == "holdout":
        return {"name": name, "inner_folds": folds, "repeats": 1}
    inner = {"inner_folds": folds} if name == "nested" else {}
    return {"name": name, "folds": folds, **inner, "repeats": 1}


def parse_protocol(table: dict[str, Any]) -> Protocol:
    parsed: Protocol = TypeAdapter[Protocol](Protocol).validate_python(table)
    return parsed
