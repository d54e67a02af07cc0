"""The parts of a run: trainings that do not depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ferkit.evaluation.protocol import Fold
from ferkit.experiment.run_dir import RunDir
from ferkit.recipe.schema import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Trainings that one process does in order: a fold, a candidate of a grid, or all trials of a search.

    Attributes:
        name: Name of its folder.
        number: Place of its first training in the run, from 1.
        folds: Its trainings.
    """

    name: str
    number: int
    folds: Sequence[Fold]

    @property
    def title(self) -> str:
        """The part in messages, counted from 1."""
        first = self.folds[0]
        words = f"repeat {first.repeat + 1}, fold {first.index + 1}"
        is_candidate = first.candidate is not None and len(self.folds) == 1
        return f"{words}, candidate {(first.candidate or 0) + 1}" if is_candidate else words

    def is_finished(self, run_dir: RunDir) -> bool:
        """Return True if a run folder has all its trainings."""
        return all(run_dir.finished(fold) is not None for fold in self.folds)


def parts_of(recipe: Recipe, folds: Sequence[Fold]) -> list[Part]:
    """Divide the trainings of a run. The trials of a search depend on each other within a fold."""
    found: list[Part] = []
    number = 1
    for name, group in groupby(folds, lambda fold: fold.directory if recipe.search else fold.name):
        own = list(group)
        found.append(Part(name, number, own))
        number += len(own)
    return found
