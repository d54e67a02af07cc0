"""Values and protocols of the plugin contract.

Frozen dataclasses pass between the steps of a run. One `Protocol` for each kind of component defines what the
component provides. This module imports neither numpy nor torch, which keeps `ferkit check` and `ferkit
plugins` fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NewType, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

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
        learning_rate: Learning rate at the end of the epoch.
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


class Dataset(Protocol):
    """A source of labelled images, built with its options.

    The constructor is cheap: only `samples` and `problems` read the disk.

    Two optional attributes:

    - `root` (`Path`): manifests name the images by their paths relative to it.
    - `left_out` (`Mapping[str, int]`): images that the last call of `samples` excluded, as reason
      ("without a majority") to count. A run warns of them and saves them in summary.json.
    """

    def problems(self) -> Sequence[str]:
        """Return a sentence for each missing file or folder, with how to get the data. Opens no image."""

    def samples(self) -> Sequence[Sample]:
        """Return every image, in an order that depends only on the data.

        Raises:
            DataError: The images or annotations cannot be read.
        """


class Detector(Protocol):
    """A face detector, built with its options.

    ferkit sets two options if the constructor has them and the recipe does not set them:

    - `device`: the device of the command, "cpu", "cuda" or "cuda:0".
    - `runtime`: "onnx" if the model is an ONNX file, so that torch is not imported. The option must accept
      this word.

    Attributes:
        version: Everything except the options that changes the detections, such as the version of a package.
            ferkit reuses cached detections only if they have the same version.
        has_landmarks: Optional, of the class. False if all landmarks are NaN: no face can be aligned.
    """

    version: str

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[Detections]:
        """Return the faces of each image, in the order of the images.

        Args:
            images: (H, W, 3) uint8 RGB images, which may differ in size.
        """


class Backbone(Protocol):
    """An `nn.Module` built with its options: images to feature maps.

    Frozen parameters have `requires_grad=False`. Frozen modules stay in eval mode when `train()` is called.

    Attributes:
        stages: Name to number of channels of each feature map, from shallow to deep.
        default_stage: The stage for a head that does not select one.
    """

    stages: Mapping[str, int]
    default_stage: str

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return a (B, C, h, w) feature map for each stage.

        Args:
            images: (B, 3, H, W) float, normalised as the recipe says.
        """


class Head(Protocol):
    """An `nn.Module` built with `in_channels`, `num_classes` and its options: feature maps to logits.

    The annotation of `in_channels` selects the input. With `int`, the head gets the feature map of the
    backbone's default stage. With `Mapping[str, int]`, the constructor gets the channels of every stage and
    sets `self.stages` to the stages that it needs. The head is then called with a mapping of these.

    Optional method: `embed`, with the same argument, returns (B, D), the input of the last layer.
    In training mode only, it may return `(logits, {name: value})`. A scalar is an auxiliary loss, added to
    the recipe's loss. (B, num_classes) are auxiliary logits: their cross entropy is added, multiplied by the
    head's attribute `auxiliary_weight`, 1.0 by default. `Epoch.details` has "auxiliary_NAME".
    """

    def __call__(self, features: Any) -> Tensor | tuple[Tensor, Mapping[str, Tensor]]:
        """Return (B, num_classes) logits; in training mode with auxiliary values, if any.

        Args:
            features: (B, C, h, w), or a mapping of stage to (B, C, h, w).
        """


class Output(Protocol):
    """An `nn.Module` that transforms logits, in training and prediction.

    It is built with its options, and with those of `labels`, `num_classes` and `class_counts` that the
    constructor names. `class_counts` is the same as for a `Loss`. It is 1 for each class when a trained
    network is loaded from a file: store what you compute from it in a buffer, which the file contains.
    """

    def __call__(self, logits: Tensor) -> Tensor:
        """Return (B, K) transformed logits.

        Args:
            logits: (B, K), columns in the order of the labels.
        """


class Loss(Protocol):
    """An `nn.Module` built with `num_classes` and its options.

    It is also built with `labels` and `class_counts`, if the constructor names them. `class_counts` is a
    `Sequence[float]` in the order of the labels: the number of training images of each label, as int. If
    images have soft targets, it is the sum of their probabilities, as float. A count may be 0.
    """

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        Args:
            logits: (B, K).
            targets: (B,) int64 labels, or (B, K) soft targets.
        """


class Descriptor(Protocol):
    """A hand-crafted feature extractor, built with its options.

    Attributes:
        signature: Everything that changes the features: name, every option and a version. ferkit caches
            features by signature.
    """

    signature: str

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (D,) features of a face. D depends only on the options and the size of the image.

        Args:
            image: (H, W) grey, 0 to 255.
        """


class Estimator(Protocol):
    """The object that a protocol evaluates, built with `labels` and its options.

    The constructor is cheap, because `ferkit check` calls it too. It also gets those of these arguments that
    it names (`ferkit check` passes None for the last three):

    - `seed` (`int`): differs between repeats and folds.
    - `crop`: a function. `crop("source", dataset)` returns the faces of another dataset, cropped by the
      recipe's detector, and lists them in the run folder.
    - `state_file` (`Path`): a place for the state of the training. ferkit removes it after the training.
    - `network` (`FeatureEstimator`): the untrained network of the recipe's [model], [loss], [augment] and
      [fit].
    """

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Train, and yield an `Epoch` after each epoch. An estimator without epochs yields once.

        Args:
            train: The training faces.
            validation: The faces for `Epoch.probabilities`. Their labels must not influence the training.
        """

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, labels) probabilities, columns in the order of the labels. Each row sums to 1.

        ferkit may call it between two epochs of `fit`. It must not change the following epochs.

        Args:
            faces: The faces to classify.
        """


class FeatureEstimator(Estimator, Protocol):
    """An estimator that also computes embeddings."""

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, D) embeddings, the input of the last layer. Before `fit`: of the initial network.

        Args:
            faces: The faces to embed.
        """


WeightsName = NewType("WeightsName", str)
"""Type of an option that names pretrained weights in the catalogue, or "none".

ferkit checks the name with the rest of the recipe, before any download.
"""
