"""CycleAT as an estimator: expressions in unlabelled faces, learned from another, labelled data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ferkit.plugin import Dataset, Epoch, Face, RunError
from ferkit_cycleat import attention as attention_maps
from ferkit_cycleat import classifiers
from ferkit_cycleat.domains import to_pixels
from ferkit_cycleat.gathering import Origins
from ferkit_cycleat.options import Mode, Options
from ferkit_cycleat.state import load_state, save_state
from ferkit_cycleat.training import Training


@dataclass(eq=False, repr=False)
class CycleATEstimator:
    """Cycle-consistent adversarial attention transfer (after Zhang et al.; see README.md for what is known).

    A classifier F_S learns the labelled source S. Generators translate S to the unlabelled domain A and
    back, and F_T learns the translated images with their source's labels, looking where F_S looks. F_T
    classifies the target's faces. The labels of the faces given to `fit` are never read.

    source: labelled faces, with every label of the target; auxiliary: faces whose labels are not read, None
    for those of the training fold; with_target: whether the training fold's faces join an auxiliary data set.
    mode: "source_only" trains F_T on S alone, "gan" on translated images without the attention's loss.
    attention: what "attention" compares, maps of activation or Grad-CAM's of the true class.

    image_size: pixels, a multiple of 4; width: first-layer channels of generators and discriminators; blocks:
    residual ones of a generator; residual: whether generators begin as the identity; discriminator_layers: 3
    see patches of 70×70 pixels, 2 of 34×34, 1 of 16×16, None chooses by image_size. classifier: "resnet18" or
    "small", four convolutions; classifier_width: its first layer's channels.

    epochs, after warmup_epochs of F_S alone; an epoch goes once through the source, or makes steps_per_epoch
    steps of batch_size images if these are fewer. lr: Adam's for generators and discriminators,
    classifier_lr for F_S and F_T; they fall in a line to near 0 in the second half. *_weight: of the losses,
    the others' being 1; identity is left out at 0. train_on_source: whether F_T sees the source's own images
    too. buffer_size: translated images kept for each discriminator. flip: mirrors every other image in
    training. pictures_every: epochs between sample sheets. device: "auto" takes a GPU where torch sees one.
    """

    labels: Sequence[str]
    seed: int
    crop: Callable[[str, Dataset], Sequence[Face]]
    state_file: Path
    source: Dataset
    auxiliary: Dataset | None = None
    with_target: bool = True
    mode: Mode = "attention"
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

    def __post_init__(self) -> None:
        if self.auxiliary is None and not self.with_target:
            raise ValueError(
                "with_target: expected true where there is no auxiliary data set, as the training fold's "
                "faces are then all that is unlabelled, got false"
            )
        self.options = Options.pick(vars(self))
        auxiliary = self.auxiliary if self.mode != "source_only" else None
        self.origins = Origins(self.crop, self.source, auxiliary, self.with_target)
        self._training: Training | None = None

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Yields after each epoch; its state is kept once the next one is asked for.

        An epoch's validation_loss is NaN, as no label of the target is read. Raises DataError, and RunError
        where the training diverges or can't go on from its state file.
        """
        device = find_device(self.device)
        domains = self.origins.gather(train, self.labels, self.options.image_size)
        training = Training(self.options, domains, len(self.labels), self.seed, device)
        self._training = training
        watched = to_pixels(validation, self.options.image_size)
        warmed, done = self._restore(training)
        began = time.perf_counter()
        for number in range(warmed + 1, self.options.warmup_epochs + 1):
            training.warm_up(number)
            self._save(training, number, 0)
        training.begin_target(is_fresh=done == 0)
        warnings = domains.warnings if done == 0 else []
        for number in range(done + 1, self.options.epochs + 1):
            yield self._run_epoch(training, number, watched, warnings, began)
            warnings = []
            self._save(training, self.options.warmup_epochs, number)
            began = time.perf_counter()

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """(faces, labels) probabilities, by F_T. Raises RunError before `fit`."""
        if self._training is None:
            raise RunError("the estimator 'cycleat' was asked for predictions before it was fitted")
        return self._training.classify(to_pixels(faces, self.options.image_size))

    def _run_epoch(
        self,
        training: Training,
        number: int,
        watched: torch.Tensor,
        warnings: Sequence[str],
        began: float,
    ) -> Epoch:
        """began: by the clock; before the warm-up, if the epoch follows it."""
        details = training.run_epoch(number)
        probabilities = training.classify(watched)
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
        """The epochs of the warm-up and of the training that are done. Raises RunError."""
        state = load_state(self.state_file)
        if state is None:
            return 0, 0
        try:
            training.restore(state)
            return int(state["warmed"]), int(state["epoch"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise RunError(
                f"{self.state_file} is of other networks ({error}). Delete it to begin this fold anew."
            ) from error


def find_device(name: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Raises RunError where there is no GPU to be had."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise RunError('estimator.device: expected a GPU that torch sees, got none. Use "auto" or "cpu".')
    return torch.device(name)
