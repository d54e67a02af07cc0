"""The network as an estimator: fit, predict, save, resume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.interfaces import Epoch, Face
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import FaceImages, count_classes
from ferkit.neural.checkpoint import hash_tensors, load_state, read_header, save_network, save_state
from ferkit.neural.device import derive_seed, make_accelerator, seed_everything
from ferkit.neural.embedding import embed_images
from ferkit.neural.evaluation_batches import Batch
from ferkit.neural.feature_cache import cached_features
from ferkit.neural.image_network import ImageNetwork
from ferkit.neural.kept_batches import KeptBatches
from ferkit.neural.loop import BatchReport, Parts, Training
from ferkit.neural.network import Network
from ferkit.neural.options import Fit, Known, Model
from ferkit.neural.preprocessing import FALLBACK
from ferkit.neural.stage_features import StagePool, pool_images
from ferkit.runtime.malloc import give_back
from ferkit.runtime.processes import share

CAME_TO = ("number", "train_loss", "train_accuracy", "learning_rate", "seconds", "details")
"""Fields of an epoch that cannot be computed from the state."""


def _keep(parts: Parts) -> Parts:
    return parts


def _without_validation(parts: Parts) -> Parts:
    """Leave out the callbacks that validation images control."""
    return replace(parts, callbacks=[one for one in parts.callbacks if not one.needs_validation])


@dataclass
class NeuralEstimator:
    """A network trained by a recipe. Satisfies `Estimator`.

    Attributes:
        model: The section `[model]`.
        options: The section `[fit]`.
        labels: The labels, in order.
        seed: Seed of the training.
        build_network: Builds a network from the number of training faces of each label.
        build_parts: Builds loss, optimizer, scheduler and callbacks from the same numbers.
        augmentation: Augmentation of the training faces.
        state_file: State after each epoch. If it exists, `fit` resumes from it, with the same results as a
            training without interruption.
        on_batch: Called after each batch.
        began_with: sha256 of the initial tensors of the backbone, set by `fit`.
    """

    model: Model
    options: Fit
    labels: Sequence[str]
    seed: int
    build_network: Callable[[Sequence[float]], Network]
    build_parts: Callable[[Sequence[float]], Parts]
    augmentation: Augmentation | None = None
    state_file: Path | None = None
    on_batch: Callable[[BatchReport], None] | None = None
    began_with: str = field(default="", init=False)
    _training: Training | None = field(default=None, init=False)
    _trained_on: Sequence[str] = field(default=(), init=False)
    _normalize: Known = field(default=FALLBACK, init=False)

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Train and yield each epoch. The state of an epoch is saved when the next one is requested.

        Without validation faces, epochs have no probabilities, and their validation loss is NaN.
        """
        self._trained_on = [face.sha256 for face in train]
        self._training = training = self.start_training(train, _keep if validation else _without_validation)
        give_back()
        monitored = self._monitor(training, validation)
        give_back()
        done, last = self._restore(training)
        is_complete = done >= self.options.epochs or training.is_ended
        if is_complete and last:
            # The training was complete: yield the last epoch again.
            probabilities, loss, _ = training.evaluate(monitored())
            yield Epoch(**last, validation_loss=loss, probabilities=probabilities)
        for number in range(done + 1, self.options.epochs + 1):
            if training.is_ended:
                return
            seed_everything(derive_seed(self.seed, number))
            training.shard.seed_dropout(derive_seed(self.seed, number))
            epoch = training.run_epoch(number, monitored(), self.on_batch)
            yield epoch
            if self.state_file:
                came_to = {name: getattr(epoch, name) for name in CAME_TO}
                progress = {"epoch": number, "began_with": self.began_with, "came_to": came_to}
                state = {**progress, **training.state()}
                save_state(self.state_file, state)

    def _monitor(self, training: Training, validation: Sequence[Face]) -> Callable[[], Iterable[Batch]]:
        """Return a function that yields the batches of the validation faces. A frozen backbone runs once."""
        batches = partial(training.batches, self._images(validation)) if validation else list
        if not training.network.is_backbone_frozen:
            return batches
        kept = KeptBatches(batches(), self.state_file.parent if self.state_file else None)
        return lambda: kept

    def start_training(self, train: Sequence[Face], change: Callable[[Parts], Parts] = _keep) -> Training:
        """Build the network and its training before the first epoch.

        Args:
            train: Training faces.
            change: Changes loss, optimizer, scheduler and callbacks.
        """
        accelerator = make_accelerator(self.options)
        counts = count_classes([face.sample for face in train], self.labels)
        network = self._start(counts)
        images = self._images(train, self.augmentation)
        parts = change(self.build_parts(counts))
        return Training(network, parts, self.options, accelerator, images, self.seed)

    @property
    def is_fitted(self) -> bool:
        """True after `fit` has started."""
        return self._training is not None

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, labels) probabilities."""
        training = self._fitted()
        probabilities, _, _ = training.evaluate(training.batches(self._images(faces)))
        return probabilities

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return the (faces, D) input of the head's last layer. Before `fit`, the initial network is used."""
        network, accelerator = self._current()
        return embed_images(network, self._images(faces), accelerator, self.options.batch_size)

    def stage_features(
        self, faces: Sequence[Face], stages: Sequence[str], grid: int = 0, mirror: bool = False
    ) -> list[NDArray[np.float64]]:
        """Return (faces, D) features of each stage, as described in `FeatureEstimator`."""
        network, accelerator = self._current()
        pool = StagePool(network, stages, grid, mirror)
        compute = pool_images if self._training else cached_features
        return compute(pool, self._images(faces), accelerator, self.options.batch_size)

    def build_module(self, class_counts: Sequence[float]) -> ImageNetwork:
        """Return a new copy of the initial network, as described in `FeatureEstimator`."""
        network = self._start(class_counts)
        return ImageNetwork(network, self.model.image_size, self.model.color)

    def save(self, path: Path, temperature: float | None = None) -> None:
        """Write the weights as safetensors, with labels and temperature."""
        tensors = self._fitted().evaluated.state_dict()
        before = read_header(self.model.initial).trained_on if self.model.initial else ()
        images = {*before, *self._trained_on}
        save_network(path, tensors, self.labels, temperature, images, normalize=self._normalize)

    def count_parameters(self) -> tuple[int, int]:
        """Count the parameters of the saved network, and those that were trained."""
        training = self._fitted()
        trained = [one for one in training.network.parameters() if one.requires_grad]
        saved = training.evaluated.parameters()
        return sum(one.numel() for one in saved), sum(one.numel() for one in trained)

    def _current(self) -> tuple[Network, Accelerator]:
        """Return the network, trained or initial, and its accelerator."""
        if self._training:
            return self._training.evaluated, self._training.accelerator
        accelerator = make_accelerator(self.options)
        return self._start().to(accelerator.device), accelerator

    def _start(self, class_counts: Sequence[float] | None = None) -> Network:
        seed_everything(self.seed)
        network = self.build_network(class_counts or [1] * len(self.labels))
        self.began_with = hash_tensors(network.backbone.state_dict())
        self._normalize = network.normalize
        return network

    def _restore(self, training: Training) -> tuple[int, dict[str, Any]]:
        """Restore the state. Return the number of complete epochs, and the values of the last one."""
        state = share(load_state(self.state_file) if self.state_file else None)
        if state is None:
            return 0, {}
        if state.get("began_with") != self.began_with:
            raise RunError(
                f"Cannot resume {self.state_file}: the initial weights of the backbone have changed. "
                "Restore them (ferkit weights verify), or delete the file to restart this fold."
            )
        try:
            training.restore(state)
            return int(state["epoch"]), dict(state.get("came_to", {}))
        except Exception as error:
            raise RunError(
                f"Cannot resume {self.state_file}: it does not match the network ({error}). Delete it to "
                "restart this fold."
            ) from error

    def _images(self, faces: Sequence[Face], augmentation: Augmentation | None = None) -> FaceImages:
        side, color = self.model.image_size, self.model.color
        return FaceImages(faces, self.labels, side, self._normalize, augmentation, self.seed, color)

    def _fitted(self) -> Training:
        if self._training is None:
            raise RunError("the estimator has not been fitted. Call fit first, and iterate over its epochs.")
        return self._training
