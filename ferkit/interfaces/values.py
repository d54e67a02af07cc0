"""Values of the plugin contract: frozen dataclasses that pass between the steps of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANONICAL_LABELS = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""Names of the expressions that ferkit knows. Datasets map their own codes to these."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An image of a dataset, with its annotations.

    Attributes:
        path: The image file.
        label: Canonical name of the class, such as "happiness".
        groups: Kind of group to name of group, such as `{"movie": "Hangover", "clip": "Hangover_001949614"}`.
            A protocol can keep all samples of one group in the same split.
        split: "train", "validation" or "test" if the dataset defines it, else "".
        soft_target: Label to probability (0 to 1, sum 1), for training on the votes of several annotators or
            on a network's output. Empty if the label alone counts. The label has the largest probability;
            scores, stratification and audits use the label.
    """

    path: Path
    label: str
    groups: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    soft_target: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The N faces found in one image. The first is the one that ferkit uses.

    Attributes:
        boxes: (N, 4) float32, `x0 y0 x1 y1` in pixels. Boxes may extend beyond the image.
        scores: (N,) float32, 0 to 1.
        landmarks: (N, 5, 2) float32, `x y` in pixels: left eye, right eye, nose, left and right corner of the
            mouth, with left and right as seen in the image. NaN if the detector finds no landmarks.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face cropped from an image.

    Attributes:
        sample: The sample of the image.
        image: (H, W, 3) uint8 RGB, at its size in the original image.
        box: `x0 y0 x1 y1` in pixels. None if no face was found; `image` is then the whole image.
        score: Score of the detection, 0 to 1. None if no face was found.
        sha256: Hash of the image file.
    """

    sample: Sample
    image: NDArray[np.uint8]
    box: tuple[float, float, float, float] | None
    score: float | None
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """The results of one epoch of training.

    Attributes:
        number: Epoch number, from 1.
        train_loss: Mean of the recipe's loss over the training images.
        train_accuracy: Accuracy on the training images, 0 to 1.
        validation_loss: Mean of the recipe's loss over the validation images. ferkit replaces NaN by the
            negative log-likelihood (NLL) of the probabilities.
        probabilities: (validation faces, labels) float64. Each row sums to 1.
        learning_rate: Learning rate of the first update of the epoch, of the head.
        seconds: Duration of training and validation together.
        details: Further numbers, plotted in the report.
        warnings: Sentences for the reader of the results.
        pictures: Name to (H, W, 3) uint8 RGB image. They are saved in the run folder. `ferkit report` shows
            them if images are requested.
    """

    number: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    probabilities: NDArray[np.float64]
    learning_rate: float
    seconds: float
    details: Mapping[str, float] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    pictures: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
