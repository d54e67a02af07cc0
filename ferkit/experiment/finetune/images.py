"""What a folder's images are good for: which can be read, which are duplicates, how they can be split."""

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
"""Of training: what recipes/london.toml takes, 102 images in batches of 16, eight times."""
MOST = 30
SHARE = 0.6
"""About how much of the images a fold trains on."""
FEWEST = 4
"""Images of a class: two in each of two folds, to test one and, in the other, to train and to choose."""


@dataclass(frozen=True, slots=True)
class Look:
    """samples: those that a run would use; the others can't be read or are duplicates of these."""

    samples: list[Sample]
    unreadable: tuple[Unreadable, ...]
    duplicates: tuple[Duplicates, ...]

    @property
    def classes(self) -> dict[str, int]:
        return dict(sorted(Counter(sample.label for sample in self.samples).items()))


def look_at(samples: Sequence[Sample], progress: Progress = no_progress) -> Look:
    """Read every image once. Raises DataError where none can be read, or all of a class can't."""
    found = read_images(samples, progress)
    left_out = judge_duplicates(found.samples, found.sha256)
    kept = [sample for place, sample in enumerate(found.samples) if place not in left_out]
    look = Look(kept, found.unreadable, find_duplicates(found))
    if lost := sorted({sample.label for sample in samples} - set(look.classes)):
        raise DataError(
            f"no image of the class {', '.join(lost)} can be used: they can't be read, or are also in "
            f"another class's folder. {' '.join(describe(look)[1:])}"
        )
    return look


def describe(look: Look) -> list[str]:
    """What whoever has the images must know, line by line; names of files are below the folder."""
    counts = ", ".join(f"{label} {count}" for label, count in look.classes.items())
    lines = [f"images to learn from: {counts or 'none'}"]
    if splits := Counter(sample.split for sample in look.samples if sample.split):
        lines.append(f"splits: {', '.join(f'{split} {count}' for split, count in splits.items())}")
    if look.unreadable:
        told = [f"{one.name} ({one.reason})" for one in look.unreadable]
        lines.append(f"{count_of(len(told), 'file')} can't be read and will be skipped: {_some(told)}")
    for is_conflict, words in ((True, CONFLICT), (False, SPARE)):
        told = [" = ".join(one.names) for one in look.duplicates if one.is_conflict == is_conflict]
        if told:
            lines.append(f"{count_of(len(told), 'image')} {words}: {_some(told)}")
    return lines


CONFLICT = "in more than one class, so that nobody knows what it shows; all its duplicates will be left out"
SPARE = "in more than one file; one of each will be used"


def _some(told: Sequence[str]) -> str:
    more = f", and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return ", ".join(told[:SHOWN]) + more


def pick_protocol(samples: Sequence[Sample], is_grouped: bool) -> dict[str, Any]:
    """The recipe's `[protocol]`, of as many folds up to four as the images allow.

    The data's own parts where they have such; "grouped" where groups are told; else "nested". In each the
    reported score is of an epoch that no test image chose. Raises DataError where they are too few.
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
    list(folds(parse_protocol(table), samples))  # what is wrong with the smallest is what is told
    return table


def pick_length(images: int) -> dict[str, int]:
    """The recipe's `fit.epochs` and `fit.batch_size`: so that a small folder is learnt from for as many steps
    as a hundred images and more are in eight epochs, up to MOST epochs.
    """
    size = 16 if images >= 100 else 8
    steps = -(-int(SHARE * images) // size)
    return {"epochs": min(MOST, max(8, -(-STEPS // max(1, steps)))), "batch_size": size}


def _check_counts(samples: Sequence[Sample]) -> None:
    for label, count in sorted(Counter(sample.label for sample in samples).items()):
        if count < FEWEST:
            raise DataError(
                f"class {label!r} has {count_of(count, 'usable image')}; to train, to choose an "
                f"epoch and to test take {FEWEST} of each class at least. Add some, or take its folder away."
            )


def _table(name: str, folds: int) -> dict[str, Any]:
    if name == "holdout":
        return {"name": name, "inner_folds": folds, "repeats": 1}
    inner = {"inner_folds": folds} if name == "nested" else {}
    return {"name": name, "folds": folds, **inner, "repeats": 1}


def parse_protocol(table: dict[str, Any]) -> Protocol:
    parsed: Protocol = TypeAdapter[Protocol](Protocol).validate_python(table)
    return parsed
