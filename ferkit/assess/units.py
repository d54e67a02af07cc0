"""The units that the bootstrap draws: images, or groups of similar images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ferkit.assess.result import Prediction
from ferkit.errors import DataError
from ferkit.evaluation.run_files import ImageRecord
from ferkit.evaluation.scores import find_clusters
from ferkit.interfaces import Sample
from ferkit.messages import list_some, printable

IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Units:
    """The unit of each image.

    Attributes:
        kind: "image" or a kind of group.
        names: Name of the unit of each prediction, in order.
    """

    kind: str
    names: tuple[str, ...]


def find_units(made: Sequence[Prediction], group: str | None, compared: Collection[str] = ()) -> list[Units]:
    """Return the units of predictions, groups before images.

    Args:
        made: The predictions.
        group: Kind of group to draw, or "image"; None for the coarsest kind that has 5 or more groups and
            that all images have. An image without this kind is a unit of its own.
        compared: Kinds of group that are not drawn by default, because scores are compared by them.
    """
    images = Units(IMAGE, tuple(one.path for one in made))
    if group == IMAGE:
        return [images]
    if group is not None:
        return [Units(group, tuple(_unit(one, group) for one in made)), images]
    records = [
        ImageRecord(one.path, one.label, {k: v for k, v in one.groups.items() if k not in compared}, "", "")
        for one in made
    ]
    found = find_clusters(records, {one.path for one in made})
    return [Units(one.kind, tuple(one.of[record.path] for record in records)) for one in found]


def find_compared_units(
    made: Sequence[Prediction], group: str | None, kind: str, by: Collection[str]
) -> Units:
    """Return the units that are drawn to compare the groups of a kind.

    Another compared kind is drawn only if there is no other: people for `by` = ["gender", "person"].

    Args:
        made: The predictions.
        group: As for `find_units`.
        kind: The kind that is compared.
        by: All kinds that are compared.
    """
    found = find_units(made, group, by)[0]
    return find_units(made, group, [kind])[0] if found.kind == IMAGE else found


def check_groups(samples: Sequence[Sample], by: Sequence[str], group: str | None) -> None:
    """Raise DataError if no image has a group of a kind that is compared or drawn."""
    known = sorted({kind for one in samples for kind in one.groups})
    given = [("--by", kind) for kind in by] + [("--group", kind) for kind in (group,) if kind]
    for option, kind in given:
        if kind not in known and (option, kind) != ("--group", IMAGE):
            there = list_some(known) or "none. For folders: --set data.group_pattern=... For a list: a column"
            raise DataError(
                f"Cannot use {option} {printable(kind)}: no image has such a group. The data has: {there}"
            )


def _unit(one: Prediction, kind: str) -> str:
    """Return the group, or a name for the image alone that no group has."""
    return one.groups.get(kind) or f"image\0{one.path}"
