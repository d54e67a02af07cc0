"""The shapes of things: the values that pass between the steps, and what each kind of component does.

Nothing here imports numpy or torch: commands that only list or check stay quick.
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


@dataclass(frozen=True, slots=True)
class Sample:
    """One image and what is known of it.

    label: the class's canonical name. groups: what must not be on both sides of an honest split,
    by the kind of group, e.g. {"movie": "Hangover", "clip": "Hangover_001949614"}. split: "train",
    "validation" or "test" where the data set itself says so, else "". soft_target: label -> its share (0..1,
    adding up to 1) where several people or a network judged and it is to be trained on, else empty. The label
    has the largest share, and is what is scored, stratified and audited.
    """

    path: Path
    label: str
    groups: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    soft_target: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The N faces found in one image, the one to be used first.

    boxes: (N, 4) float32, x0 y0 x1 y1 in pixels, and may reach beyond the image;
    scores: (N,) float32 in 0..1; landmarks: (N, 5, 2) float32, x y in pixels: the eye on the
    image's left, the eye on its right, nose, the mouth's left and right corner; NaN of a detector that
    looks for none.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """An image's face, cropped.

    image: (H, W, 3) uint8 RGB, at the size it has in the image; box: x0 y0 x1 y1 in pixels, or
    None where no face was found and image is the whole image; score: 0..1, or None likewise;
    sha256: of the image's file.
    """

    sample: Sample
    image: NDArray[np.uint8]
    box: tuple[float, float, float, float] | None
    score: float | None
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """What one epoch of training came to.

    number: from 1; probabilities: (validation faces, labels) float64, each row adding up to 1;
    losses are means over the images, by the recipe's own loss; a validation_loss of NaN, of an estimator that
    reads no label of these faces, is replaced by the probabilities' NLL; accuracies in 0..1; seconds: spent
    on training and on validation together.

    details: further numbers, drawn in the report; warnings: what whoever reads the numbers must know, a
    sentence each; pictures: name -> (H, W, 3) uint8 RGB, kept in the run's folder and shown where images
    are asked for.
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
    """Built with its options, which must be cheap; reads the disk only when asked for samples.

    If it has an attribute `root`, a Path, images are named in manifests by their paths below it. If it
    has `left_out`, a `Mapping[str, int]`, that is what `samples` did without, when it was last called: a
    reason ("without a majority") -> how many. A run tells it as a warning and keeps it in summary.json.
    """

    def problems(self) -> Sequence[str]:
        """What is missing, a sentence each, with what was looked for and how to get the data.

        Looks at folders only and opens no image. Empty if all is there.
        """

    def samples(self) -> Sequence[Sample]:
        """Every image, in an order that depends on nothing but the data. Raises DataError."""


class Detector(Protocol):
    """Built with its options. ferkit sets two of them where a detector has them and they were not given:
    `device` ("cpu", "cuda", "cuda:0") to the one that a command was told, and `runtime`, if it takes the
    word "onnx", to that where the model is an ONNX file, so that torch need not be imported.

    `version` names whatever its answers depend on beside the options (a package's version): cached
    detections are used only under the version that made them.
    """

    version: str

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[Detections]:
        """(H, W, 3) uint8 RGB images, of any sizes -> the faces of each, in the images' order."""


class Backbone(Protocol):
    """An `nn.Module` built with its options: images -> feature maps.

    stages: the channels of each stage that it offers, from shallow to deep; default_stage: the one
    given to a head that does not choose. Frozen parts have `requires_grad` off and stay in eval mode
    whatever `train()` says.
    """

    stages: Mapping[str, int]
    default_stage: str

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """(B, 3, H, W) float, normalised as the recipe says -> (B, C, h, w) for each stage."""


class Head(Protocol):
    """An `nn.Module` built with `in_channels`, `num_classes` and its options: features -> logits.

    A head whose `in_channels` is an `int` is given the backbone's default stage, as one tensor. A head
    whose `in_channels` is a `Mapping[str, int]` sees every stage's channels, sets `self.stages` to
    those that it wants, and is called with a mapping of just these.

    It may also have `embed`, which takes the same and gives (B, D): what its last layer classifies.
    """

    def __call__(self, features: Any) -> Tensor:
        """(B, C, h, w), or a mapping of such -> logits (B, num_classes)."""


class Output(Protocol):
    """What happens to logits, in training and after: an `nn.Module` built with its options and, if it names
    them, `labels`, `num_classes` and `class_counts`.

    class_counts: as for a loss, a sequence of numbers in the order of the labels. Where a trained network is
    rebuilt from its file they are all 1, so what is made of them belongs into a buffer, which the file has.
    """

    def __call__(self, logits: Tensor) -> Tensor:
        """(B, K) -> (B, K), columns in the order of the labels."""


class Loss(Protocol):
    """An `nn.Module` built with `num_classes` and, if it names them, `labels` and `class_counts`.

    class_counts: a `Sequence[float]` in the order of the labels, which is that of the logits' columns: the
    training images of each label, as ints; where images have soft targets, the sums of their shares, as
    floats. One may be 0.
    """

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (B, K) and labels (B,) int64 or soft targets (B, K) -> a scalar, the batch's mean."""


class Descriptor(Protocol):
    """Built with its options: features of a face that are worked out, not learned.

    signature: whatever its numbers depend on: its name, every option and a version. What was computed is
    kept on disk under it.
    """

    signature: str

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """(H, W) grey, 0..255 -> (D,), where D depends on the options and the image's size alone."""


class Estimator(Protocol):
    """What a protocol evaluates; built with `labels` and its options, and with what it names of these. To
    build it must be cheap: a check does so too, with None for the last three.

    seed, an int that differs between repeats and folds; crop, which gives another data set's faces as the
    recipe's own detector crops them, `crop("source", dataset)`, and lists them in the run's folder;
    state_file, a Path where the state of the training may be kept, removed once it is finished; network,
    that of the recipe's [model], [loss], [augment] and [fit], not yet fitted, as a `FeatureEstimator`.
    """

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Train, and after each epoch give what it came to on the validation faces.

        An estimator without epochs yields once. The validation faces' labels choose nothing in here.
        """

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """(faces, labels) probabilities, each row adding up to 1, columns in the labels' order.

        May be called between two epochs of `fit`, and must not change what the next ones come to.
        """


class FeatureEstimator(Estimator, Protocol):
    """An estimator that also tells what it sees in a face."""

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """(faces, D): what its last layer classifies. Before `fit`: by the network as it starts."""


WeightsName = NewType("WeightsName", str)
"""The type of an option that names an entry of the catalogue, or "none".

An option of this type is checked against the catalogue with the rest of the recipe, before anything
is fetched.
"""
