"""Interfaces of the other components: one `Protocol` for each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NewType, Protocol

from ferkit.interfaces.values import Detections, Epoch, Face, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor
    from torch.nn import Module


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

    Two optional attributes: `mean` and `std` of the images that the weights were trained with. Each has three
    numbers (RGB), for pixels scaled to 0..1. Set both or neither, with and without weights.
    `normalize = "pretrained"` uses them, or (x − 127.5) / 128 of pixels 0..255 without them.
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

    Optional attribute: with `needs_embeddings = True`, the loss is called with a third argument: the (B, D)
    embeddings that the head's `embed` returned for the same batch.
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
    it names (`ferkit check` passes None for all but `seed`):

    - `seed` (`int`): differs between repeats and folds.
    - `crop`: a function. `crop("source", dataset)` returns the faces of another dataset, and lists them in
      the run folder. The recipe's detector crops them, or the one in the option `source_detector`, if the
      estimator has such an option.
    - `state_file` (`Path`): a place for the state of the training. ferkit removes it after the training.
    - `network` (`FeatureEstimator`): the untrained network of the recipe's [model], [loss], [augment] and
      [fit]. If the argument has the default None, ferkit gives a network only to recipes with a [model].
    - `open_model`: a function. `open_model("runs/x")` returns the `ModelFeatures` of a run folder, a model
      file or, by the name "default", the bundled model.

    Three optional attributes:

    - `sections` (`Sequence[str]`), of the class: the sections of the network's recipe that it uses, such as
      ("model", "fit"). A run warns about others. Default: model, loss, augment, callback and fit.
    - `stages` (`Sequence[str]`): the stages for `network.stage_features`. The backbone must have them.
    - `needs_network` (`bool`), if `network` has a default: the options need a network. The recipe must have
      a [model] if it is true, and none if it is false.
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


class StageFeatures(Protocol):
    """Features from the stages of a network."""

    def stage_features(
        self, faces: Sequence[Face], stages: Sequence[str], grid: int = 0, mirror: bool = False
    ) -> Sequence[NDArray[np.float64]]:
        """Return (faces, D) features of each stage of the backbone.

        Args:
            faces: N faces.
            stages: Stages of the backbone. "default" is its default stage, "logits" are the (N, K) logits.
            grid: Cells per side. The channels are averaged in each cell: D = channels · grid². 0 keeps
                every position.
            mirror: Average the features of each face and its mirror image.

        Raises:
            ComponentError: The backbone does not have a stage, or its map has fewer positions than the grid.
            RunError: The features are not finite.
        """


class ModelFeatures(StageFeatures, Protocol):
    """Features of a trained model, whose input is resized and normalised as in its training."""

    def count_trained_on(self, faces: Sequence[Face]) -> int | None:
        """Return how many of the faces the model was trained on. None if that is unknown.

        Args:
            faces: N faces.
        """


class FeatureEstimator(Estimator, StageFeatures, Protocol):
    """An estimator that also computes features, of the initial network before `fit`."""

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, D) embeddings, the input of the last layer.

        Args:
            faces: The faces to embed.
        """

    def build_module(self, class_counts: Sequence[float]) -> Module:
        """Return a new copy of the initial network as an `nn.Module`, on the CPU.

        It maps (B, 3, H, W) RGB images, 0 to 1, to `(maps, logits)`: the feature maps that the head uses, by
        stage, each (B, C, h, w), and (B, K) logits. It resizes, converts and normalises images as [model]
        says. Gradients flow to its parameters and to the images.

        Args:
            class_counts: Number of training images of each label, for parts of [model] that use them.
        """


WeightsName = NewType("WeightsName", str)
"""Type of an option that names pretrained weights in the catalogue, or "none".

ferkit checks the name with the rest of the recipe, before any download.
"""
