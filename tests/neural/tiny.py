"""A tiny network's training, for the tests in this folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from torch import nn

from ferkit.components.discovery import load_plugins
from ferkit.interfaces import Epoch
from ferkit.neural import options as fit_options
from ferkit.neural.augment import Augmentation
from ferkit.neural.callbacks import build_callbacks
from ferkit.neural.device import seed_everything
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.loop import Parts
from ferkit.neural.network import Network
from ferkit.neural.optim import build_optimizer, build_scheduler
from tests.builders import LABELS, TinyBackbone, TinyHead, make_faces

FACES = make_faces()
FLIPS = [
    fit_options.Part(name="HorizontalFlip", p=0.5),
    fit_options.Part(name="RandomResizedCrop", scale=[0.5, 1.0]),
]


def tiny_network(is_frozen: bool = False) -> Network:
    backbone = TinyBackbone(is_frozen)
    return Network(backbone, TinyHead(8, len(LABELS)), nn.Identity(), backbone.default_stage)


def parts(
    options: fit_options.Fit, callbacks: Sequence[fit_options.Part] = (), loss: nn.Module | None = None
) -> Parts:
    registry = load_plugins()
    return Parts(
        loss or nn.CrossEntropyLoss(),
        partial(build_optimizer, options=options, registry=registry),
        lambda optimizer, steps: build_scheduler(optimizer, options, registry, steps),
        build_callbacks(callbacks, registry, LABELS),
    )


def tiny_estimator(
    epochs: int = 3,
    state_file: Path | None = None,
    is_frozen: bool = False,
    callbacks: Sequence[fit_options.Part] = (),
    loss: nn.Module | None = None,
    **fit: object,
) -> NeuralEstimator:
    options = fit_options.Fit(
        epochs=epochs,
        batch_size=4,
        device="cpu",
        **{"precision": "float32", "optimizer": fit_options.Optimizer(lr=0.02), **fit},
    )
    return NeuralEstimator(
        model=fit_options.Model(image_size=24),
        options=options,
        labels=LABELS,
        seed=5,
        build_network=lambda counts: tiny_network(is_frozen),
        build_parts=lambda counts: parts(options, callbacks, loss),
        augmentation=Augmentation(FLIPS, 24, load_plugins()),
        state_file=state_file,
    )


def seeded_backbone() -> TinyBackbone:
    """The backbone as `tiny_estimator` makes it."""
    seed_everything(tiny_estimator().seed)
    return TinyBackbone()


def fit(estimator: NeuralEstimator) -> list[Epoch]:
    return list(estimator.fit(FACES, FACES[::2]))
