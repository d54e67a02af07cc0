"""CycleAT as an estimator: expressions in unlabelled faces, learned from a labelled data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ferkit.plugin import Dataset, Detector, Epoch, Face, FeatureEstimator, RunError
from ferkit_cycleat import attention as attention_maps
from ferkit_cycleat import classifiers
from ferkit_cycleat.domains import to_pixels
from ferkit_cycleat.gathering import Origins
from ferkit_cycleat.options import Color, Mode, Options
from ferkit_cycleat.state import load_state, save_state
from ferkit_cycleat.training import Training


@dataclass(eq=False, repr=False)
class CycleATEstimator:
    """Cycle-consistent adversarial attention transfer, after Zhang et al. 2018.

    A classifier F_S learns the labelled source S. Generators translate between S and the unlabelled domain A.
    F_T learns the translated images with the labels of their originals, and the attention of F_S. F_T
    classifies the target's faces. The labels of the faces given to `fit` are never read.

    Args:
        source: Labelled data set with every label of the target.
        source_detector: Detector of the source's faces. Default: that of the recipe. Use "whole_image" if
            the images are cropped faces.
        auxiliary: Data set whose labels are not read. Default: only the training fold.
        with_target: Add the training fold's faces to the auxiliary data set.
        mode: "attention" is the whole system. "gan" has no attention loss. "source_only" trains F_T on S.
        color: "grey" converts the faces of all domains to grey, for a grey source.
        attention: Attention maps that are compared: "activation", or "grad_cam" of the true class.
        image_size: Side of the images in pixels, a multiple of 4, at least 16.
        width: Channels of the first layer of generators and discriminators, at least 1.
        blocks: Residual blocks of a generator, at least 0.
        residual: Initialise generators as the identity, which needs fewer steps.
        discriminator_layers: 3 gives patches of 70×70 pixels, 2 of 34×34, 1 of 16×16. Default: by image_size.
        classifier: "resnet18", "small" with four convolutions, or "network", the recipe's [model]. The latter
            starts with the weights of [model]; the others start with random weights.
        classifier_width: Channels of the first layer, at least 4. "network" does not use it.
        epochs: Number of epochs after the warm-up, at least 1.
        warmup_epochs: Epochs of F_S alone, at least 1, or 0 with a "network" that knows the expressions.
        steps_per_epoch: Maximum steps of an epoch. Default: one pass through the source.
        batch_size: Images of each domain in a batch, at least 2.
        lr: Learning rate of generators and discriminators (Adam). It falls linearly to near 0 in the second
            half of the epochs.
        classifier_lr: Learning rate of F_S and F_T. It falls in the same way.
        cycle_weight: Weight of the cycle loss, at least 0.
        identity_weight: Weight of the identity loss, at least 0. 0 skips it.
        attention_weight: Weight of the attention loss, at least 0.
        train_on_source: Train F_T on untranslated source images too.
        buffer_size: Earlier translations stored for each discriminator, at least 0.
        flip: Mirror half of the training images, chosen at random.
        pictures_every: Epochs between sample sheets, at least 1.
        device: "cpu", "cuda", or "auto" for a GPU if torch finds one.
    """

    labels: Sequence[str]
    seed: int
    crop: Callable[[str, Dataset], Sequence[Face]]
    state_file: Path
    source: Dataset
    source_detector: Detector | None = None
    auxiliary: Dataset | None = None
    with_target: bool = True
    mode: Mode = "attention"
    color: Color = "rgb"
    attention: attention_maps.Kind = "activation"
    image_size: int = 128
    width: int = 64
    blocks: int = 6
    residual: bool = False
    discriminator_layers: int | None = None
    classifier: classifiers.Kind = "resnet18"
    classifier_width: int = 64
    epochs: int = 200
    warmup_epochs: int = 20
    steps_per_epoch: int | None = None
    batch_size: int = 8
    lr: float = 2e-4
    classifier_lr: float = 2e-4
    cycle_weight: float = 10.0
    identity_weight: float = 0.0
    attention_weight: float = 500.0
    train_on_source: bool = False
    buffer_size: int = 50
    flip: bool = True
    pictures_every: int = 10
    device: Literal["auto", "cpu", "cuda"] = "auto"
    network: FeatureEstimator | None = None

    sections: ClassVar = ("model",)
    """It has a loss, an augmentation and a schedule of its own."""

    def __post_init__(self) -> None:
        if self.auxiliary is None and not self.with_target:
            raise ValueError(
                "with_target: expected true without an auxiliary data set, because the training fold has the "
                "only unlabelled faces, got false"
            )
        self.options = Options.pick(vars(self))
        auxiliary = self.auxiliary if self.mode != "source_only" else None
        self.origins = Origins(self.crop, self.source, auxiliary, self.with_target)
        self._training: Training | None = None

    @property
    def needs_network(self) -> bool:
        """True if the recipe must have a [model]."""
        return self.classifier == "network"

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Yield each epoch. Its state is saved when the next epoch is requested.

        The validation loss is NaN, because labels of the target are never read.

        Raises:
            DataError: The data sets are unusable.
            RunError: The training diverged, or its state file is unusable.
        """
        device = find_device(self.device)
        side, color = self.options.image_size, self.options.color
        domains = self.origins.gather(train, self.labels, side, color)
        classes = len(self.labels)
        training = Training(self.options, domains, self._build_classifier, classes, self.seed, device)
        self._training = training
        monitored = to_pixels(validation, side, color)
        warmed, done = self._restore(training)
        began = time.perf_counter()
        for number in range(warmed + 1, self.options.warmup_epochs + 1):
            training.warm_up(number)
            self._save(training, number, 0)
        training.begin_target(is_fresh=done == 0)
        warnings = domains.warnings if done == 0 else []
        for number in range(done + 1, self.options.epochs + 1):
            yield self._run_epoch(training, number, monitored, warnings, began)
            warnings = []
            self._save(training, self.options.warmup_epochs, number)
            began = time.perf_counter()

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return probabilities (faces, labels) of F_T. Raises RunError before `fit`."""
        if self._training is None:
            raise RunError("Cannot predict: the estimator 'cycleat' has not been fitted. Call fit first.")
        return self._training.classify(to_pixels(faces, self.options.image_size, self.options.color))

    def _build_classifier(self, class_counts: Sequence[int]) -> classifiers.Classifier:
        """Build F_S. Raises RunError if [model] is needed and missing."""
        options = self.options
        if options.classifier != "network":
            return classifiers.make_classifier(options.classifier, options.classifier_width, len(self.labels))
        if self.network is None:
            raise RunError('estimator.classifier: expected a [model] for "network", got none. Add [model].')
        return classifiers.NetworkClassifier(self.network.build_module(class_counts))

    def _run_epoch(
        self,
        training: Training,
        number: int,
        monitored: torch.Tensor,
        warnings: Sequence[str],
        began: float,
    ) -> Epoch:
        """Train one epoch. `began` is the clock at its start, or at that of a warm-up before it."""
        details = training.run_epoch(number)
        probabilities = training.classify(monitored)
        is_shown = number % self.options.pictures_every == 0 or number in (1, self.options.epochs)
        return Epoch(
            number=number,
            train_loss=details["loss"],
            train_accuracy=details["accuracy"],
            validation_loss=float("nan"),
            probabilities=probabilities,
            learning_rate=self.options.lr * self.options.rate(number),
            seconds=time.perf_counter() - began,
            details={name: value for name, value in details.items() if name not in ("loss", "accuracy")},
            warnings=[*warnings, *training.watch.look(details)],
            pictures=training.pictures() if is_shown else {},
        )

    def _save(self, training: Training, warmed: int, epoch: int) -> None:
        save_state(self.state_file, {"warmed": warmed, "epoch": epoch, **training.state()})

    def _restore(self, training: Training) -> tuple[int, int]:
        """Return the finished epochs of the warm-up and of the training. Raises RunError."""
        state = load_state(self.state_file)
        if state is None:
            return 0, 0
        try:
            training.restore(state)
            return int(state["warmed"]), int(state["epoch"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise RunError(
                f"Cannot resume from {self.state_file}: it has other networks ({error}). Delete it to "
                "restart this fold."
            ) from error


def find_device(name: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Return the device. Raises RunError for "cuda" without a GPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise RunError('estimator.device: expected a GPU, but torch finds none. Use "auto" or "cpu".')
    return torch.device(name)
