"""A tiny network's training, for the tests in this folder."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ferkit.interfaces import Epoch
from ferkit.neural import options as fit_options
from ferkit.neural.augment import Augmentation
from ferkit.neural.device import seed_everything
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.network import Network
from tests.builders import LABELS, TinyBackbone, TinyHead, make_faces

FACES = make_faces()
FLIPS = [
    fit_options.Part(name="HorizontalFlip", p=0.5),
    fit_options.Part(name="RandomResizedCrop", scale=[0.5, 1.0]),
]


def tiny_network(is_frozen: bool = False) -> Network:
    backbone = TinyBackbone(is_frozen)
    return Network(backbone, TinyHead(8, len(LABELS)), nn.Identity(), backbone.default_stage)


def tiny_estimator(
    epochs: int = 3, state_file: Path | None = None, is_frozen: bool = False, **fit: object
) -> NeuralEstimator:
    options = fit_options.Fit(
        epochs=epochs,
        batch_size=4,
        device="cpu",
        optimizer=fit_options.Optimizer(lr=0.02),
        **{"precision": "float32", **fit},
    )
    return NeuralEstimator(
        model=fit_options.Model(image_size=24),
        options=options,
        labels=LABELS,
        seed=5,
        build_network=lambda counts: tiny_network(is_frozen),
        build_loss=lambda counts: nn.CrossEntropyLoss(),
        augmentation=Augmentation(FLIPS, 24),
        state_file=state_file,
    )


def seeded_backbone() -> TinyBackbone:
    """The backbone as `tiny_estimator` makes it."""
    seed_everything(tiny_estimator().seed)
    return TinyBackbone()


def fit(estimator: NeuralEstimator) -> list[Epoch]:
    return list(estimator.fit(FACES, FACES[::2]))
