"""Values that the steps of a run pass on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.components.registry import Registry
from ferkit.data.crops import CropResult
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import Measure
from ferkit.interfaces import Dataset, Epoch, Face
from ferkit.neural.device import derive_seed
from ferkit.recipe.grid import Candidate


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """Data of all trainings of a run.

    Attributes:
        faces: All faces; folds hold positions in them.
        labels: Sorted.
        crop: (option's name, data set) -> faces of another data set.
    """

    faces: Sequence[Face]
    labels: Sequence[str]
    crop: Callable[[str, Dataset], Sequence[Face]]

    def take(self, positions: NDArray[np.intp]) -> list[Face]:
        return [self.faces[position] for position in positions]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingJob:
    """One training of a run.

    Attributes:
        settings: The recipe, with the grid's values in place.
        fold: Which images train, select and test.
        measure: Metric by which the best epoch is selected.
    """

    settings: Candidate
    registry: Registry
    fold: Fold
    measure: Measure

    @property
    def seed(self) -> int:
        """Drawn from the protocol's seed, the repeat and the fold."""
        return derive_seed(self.settings.recipe.protocol.seed, self.fold.repeat, self.fold.index)


@dataclass(frozen=True, slots=True, eq=False)
class SelectedEpoch:
    """The best epoch so far, where validation images select it.

    Attributes:
        validation: Faces that the epoch's own probabilities are of.
        test: Test faces. Their labels are used once, after all selection.
        probabilities: Of the test faces, shape (faces, labels).
    """

    epoch: Epoch
    validation: Sequence[Face]
    test: Sequence[Face]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RunInputs:
    """Inputs of a run, before training.

    Attributes:
        crops: Faces and skipped images.
        left_out: Reason -> number of images that the data set itself left out.
        difference: From the recipe's manifest; None without one, or where there is no difference.
        weights: Pretrained weights, as summary.json records them.
        warnings: Sentences for the reader of the scores.
    """

    labels: Sequence[str]
    crops: CropResult
    left_out: Mapping[str, int]
    difference: str | None
    weights: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    is_demo: bool
