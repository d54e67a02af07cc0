"""A small training for the checks of optimizers, schedulers and callbacks."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ferkit.interfaces import Callback, Epoch, TrainingSetup
from ferkit.testing.drawing import LABELS

EPOCHS, STEPS = 3, 4
"""Number of epochs, and number of updates in each."""
RATES = (0.01, 0.02)
"""Learning rates of the two groups."""
SIDE = 8


class Line(nn.Module):
    """A linear model, whose mean squared error is convex."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(4, 3, generator=generator))
        self.bias = nn.Parameter(torch.randn(4, generator=generator))
        self.inputs = torch.randn(16, 3, generator=generator)
        self.expected = 3 * torch.randn(16, 4, generator=generator)

    def forward(self) -> Tensor:
        """Return the mean squared error, a scalar."""
        error: Tensor = self.inputs @ self.weight.T + self.bias - self.expected
        return error.square().mean()

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameters as two groups with different rates."""
        several = (self.weight, self.bias)
        return [
            {"params": [one], "lr": rate, "weight_decay": 0.0}
            for one, rate in zip(several, RATES, strict=True)
        ]

    def values(self) -> list[Tensor]:
        """Return a copy of the parameters."""
        return [one.detach().clone() for one in (self.weight, self.bias)]


def small_optimizer() -> torch.optim.SGD:
    """Return an optimizer of two groups, for a scheduler."""
    return torch.optim.SGD(Line().groups(), lr=RATES[0])


def saved(state: Any) -> Any:
    """Write and read a state as a run does: `torch.save`, then `torch.load(weights_only=True)`."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


class SmallNetwork(nn.Module):
    """A network with batch normalisation, as small as possible."""

    def __init__(self, num_classes: int = len(LABELS)) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
            pool = nn.AdaptiveAvgPool2d(1)
            self.head = nn.Sequential(pool, nn.Flatten(), nn.Linear(4, num_classes))
            self.output = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, K) logits of (B, 3, H, W) images."""
        logits: Tensor = self.output(self.head(self.backbone(images)))
        return logits


class SmallImageNetwork(SmallNetwork):
    """A small network that also returns its feature maps, as the module of a `FeatureEstimator`."""

    def forward(self, images: Tensor) -> Any:
        """Return ({"last": (B, 4, h, w) maps}, (B, K) logits) of (B, 3, H, W) images."""
        maps = self.backbone(images)
        return {"last": maps}, self.output(self.head(maps))


def draw_batch(count: int, seed: int = 0, is_soft: bool = False) -> tuple[Tensor, Tensor]:
    """Draw images (count, 3, SIDE, SIDE), and labels (count,) or soft targets (count, K)."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 3, SIDE, SIDE, generator=generator)
    labels = torch.arange(seed, seed + count) % len(LABELS)
    return images, 0.9 * one_hot(labels, len(LABELS)).float() + 0.1 / len(LABELS) if is_soft else labels


class SmallTraining:
    """A training of a small network with one callback."""

    def __init__(self, callback: Callback) -> None:
        self.network = SmallNetwork()
        self.shapes = {name: tuple(one.shape) for name, one in self.network.state_dict().items()}
        callback.prepare(self.network)
        trained = [one for one in self.network.parameters() if one.requires_grad]
        self.optimizer = torch.optim.SGD(trained, lr=0.1, momentum=0.9)
        self.callback = callback
        self.answers: list[object] = []
        callback.begin(TrainingSetup(self.network, self.optimizer, EPOCHS, STEPS))

    def run_epoch(self, number: int) -> None:
        """Train for an epoch, with random generators seeded by its number."""
        seed_all(number)
        self.network.train()
        self.callback.begin_epoch(number)
        loss = torch.tensor(0.0)
        for step in range(STEPS):
            self.optimizer.zero_grad()
            images, targets = self.callback.change_batch(*draw_batch(6, number * STEPS + step))
            loss = nn.functional.cross_entropy(self.network(images), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.callback.end_step()
        probabilities = np.full((4, len(LABELS)), 1 / len(LABELS))
        epoch = Epoch(number, loss.item(), 0.5, 1.0, probabilities, 0.1, 0.1)
        self.answers.append(self.callback.end_epoch(epoch, 0.5))

    @property
    def evaluated(self) -> nn.Module:
        """The network that a run evaluates and saves."""
        return self.callback.evaluated_network() or self.network

    def state(self) -> dict[str, Any]:
        """Return the state of the training, as a run saves it."""
        parts: dict[str, Any] = {
            "network": self.network,
            "optimizer": self.optimizer,
            "callback": self.callback,
        }
        return {name: part.state_dict() for name, part in parts.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Load a state."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.callback.load_state_dict(state["callback"])


def seed_all(seed: int) -> None:
    """Seed the generators of Python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def random_state() -> Sequence[Any]:
    """Return the states of these generators, as values that can be compared."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    return random.getstate(), kind, keys.tolist(), rest, torch.get_rng_state().tolist()  # type: ignore[union-attr]
