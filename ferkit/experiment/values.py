"""Values that pass between the steps of a run."""

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
    """The data of all trainings of a run.

    Attributes:
        faces: All faces. Folds have positions in this list.
        labels: The labels, sorted.
        crop: Function of (name of an option, dataset) that returns the faces of another dataset.
    """

    faces: Sequence[Face]
    labels: Sequence[str]
    crop: Callable[[str, Dataset], Sequence[Face]]

    def take(self, positions: NDArray[np.intp]) -> list[Face]:
        """Return the faces at these positions."""
        return [self.faces[position] for position in positions]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingJob:
    """One training of a run.

    Attributes:
        settings: The recipe, with the values of the grid.
        registry: The installed components.
        fold: Positions of the images for training, selection and testing.
        measure: Measure that selects the best epoch.
        is_hopeless: Called after each epoch. True ends the training.
    """

    settings: Candidate
    registry: Registry
    fold: Fold
    measure: Measure
    is_hopeless: Callable[[], bool] | None = None

    @property
    def seed(self) -> int:
        """Seed from the protocol's seed, the repeat and the fold."""
        return derive_seed(self.settings.recipe.protocol.seed, self.fold.repeat, self.fold.index)


@dataclass(frozen=True, slots=True, eq=False)
class SelectedEpoch:
    """The best epoch so far, selected on validation images.

    Attributes:
        epoch: The epoch.
        validation: Faces of `epoch.probabilities`.
        test: Test faces. Their labels are used once, after all selection.
        probabilities: (test faces, labels).
    """

    epoch: Epoch
    validation: Sequence[Face]
    test: Sequence[Face]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RunInputs:
    """Inputs of a run, before training.

    Attributes:
        labels: The labels, sorted.
        crops: Faces and skipped images.
        left_out: Reason to number of images that the dataset excluded.
        difference: Difference from the manifest, or None.
        weights: Pretrained weights, as in summary.json.
        warnings: Sentences for the reader of the results.
        is_demo: True if generated faces replaced the data.
    """

    labels: Sequence[str]
    crops: CropResult
    left_out: Mapping[str, int]
    difference: str | None
    weights: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    is_demo: bool
