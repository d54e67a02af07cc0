"""ferkit's training compared with a plain loop of torch and timm, step by step, for each trick."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from timm.data import Mixup
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from ferkit.components.discovery import load_plugins
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import make_loader
from ferkit.neural.device import derive_seed, seed_everything
from ferkit.neural.loop import BatchReport
from ferkit.neural.network import Network
from ferkit.neural.options import Optimizer, Part
from tests.builders import LABELS
from tests.neural.tiny import FACES, FLIPS, tiny_estimator, tiny_network

SEED, SIDE, EPOCHS, BATCH = 5, 24, 5, 4
STEPS = -(-len(FACES) // BATCH)
LR = 0.02
cross_entropy = nn.functional.cross_entropy
Step = Callable[[Network, Tensor, Tensor, int], float]
"""Trains on a batch, with the number of updates before. Returns the loss."""


def plain_losses(make_step: Callable[[Network], Step], balance: float = 0.0) -> list[float]:
    """Return the loss of each batch of a plain loop over ferkit's batches."""
    images = tiny_estimator()._images(FACES, Augmentation(FLIPS, SIDE, load_plugins()))
    seed_everything(SEED)
    network = tiny_network()
    step = make_step(network)
    loader, sampler = make_loader(images, BATCH, 0, SEED, balance)
    losses = []
    for epoch in range(1, EPOCHS + 1):
        seed_everything(derive_seed(SEED, epoch))
        network.train()
        sampler.epoch = epoch
        for batch in loader:
            losses.append(step(network, *batch, len(losses)))
    return losses


def ferkit_losses(**fit: Any) -> list[float]:
    """Return the same of ferkit's training, from the mean losses that it reports."""
    reports: list[BatchReport] = []
    estimator = tiny_estimator(epochs=EPOCHS, **fit)
    estimator.on_batch = reports.append
    list(estimator.fit(FACES, FACES[::2]))
    counts = [min(one.batch * BATCH, len(FACES)) for one in reports]
    sums = [one.loss * count for one, count in zip(reports, counts, strict=True)]
    return [
        (total - (sums[place - 1] if one.batch > 1 else 0.0))
        / (counts[place] - (counts[place - 1] if one.batch > 1 else 0))
        for place, (one, total) in enumerate(zip(reports, sums, strict=True))
    ]


def simple(optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer], **more: Any) -> Any:
    """Make a step: forward, backward, update."""

    def make(network: Network) -> Step:
        made = optimizer(network.parameters())
        rate, clip, every = more.get("rate"), more.get("clip"), more.get("every", 1)

        def step(network: Network, images: Tensor, targets: Tensor, number: int) -> float:
            batch = number % STEPS
            if rate:
                made.param_groups[0]["lr"] = rate(number)
            if batch % every == 0:
                made.zero_grad()
            loss = cross_entropy(network(images), targets)
            (loss / min(every, STEPS - batch // every * every)).backward()
            if clip:
                nn.utils.clip_grad_norm_(network.parameters(), clip)
            if (batch + 1) % every == 0 or batch + 1 == STEPS:
                made.step()
            return loss.item()

        return step

    return make


def mixed(network: Network) -> Step:
    made = torch.optim.Adam(network.parameters(), lr=LR)
    mix = Mixup(0.4, 1.0, label_smoothing=0.0, num_classes=len(LABELS))

    def step(network: Network, images: Tensor, targets: Tensor, number: int) -> float:
        soft = nn.functional.one_hot(targets, len(LABELS)).float()
        even = len(images) // 2 * 2
        if even:
            head, soft[:even] = mix(images[:even].clone(), targets[:even])
            images = torch.cat([head, images[even:]])
        # The masks of dropout depend on the layout.
        images = images.contiguous(memory_format=torch.channels_last)
        loss = cross_entropy(network(images), soft)
        made.zero_grad()
        loss.backward()
        made.step()
        return loss.item()

    return step


def sharpness_aware(network: Network) -> Step:
    made = torch.optim.SGD(network.parameters(), lr=LR, momentum=0.9)

    def step(network: Network, images: Tensor, targets: Tensor, number: int) -> float:
        loss = cross_entropy(network(images), targets)
        made.zero_grad()
        loss.backward()
        parameters = list(network.parameters())
        norm = math.sqrt(sum(float(one.grad.square().sum()) for one in parameters))
        with torch.no_grad():
            shifts = [0.05 * one.grad / norm for one in parameters]
            for one, shift in zip(parameters, shifts, strict=True):
                one.add_(shift)
        made.zero_grad()
        cross_entropy(network(images), targets).backward()
        with torch.no_grad():
            for one, shift in zip(parameters, shifts, strict=True):
                one.sub_(shift)
        made.step()
        return loss.item()

    return step


def nesterov(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=LR, momentum=0.9, nesterov=True)


def warm_cosine(number: int) -> float:
    warm, steps = STEPS, EPOCHS * STEPS
    if number < warm:
        return LR * number / warm
    return LR * (1 + math.cos(math.pi * (number - warm) / (steps - warm))) / 2


def adam(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=LR)


SGD = Optimizer(name="sgd", lr=LR, momentum=0.9, nesterov=True)
SAM = Optimizer(name="sam", lr=LR, base={"name": "momentum", "momentum": 0.9})
TRICKS = {
    "adam": ({}, simple(adam)),
    "nesterov": ({"optimizer": SGD}, simple(nesterov)),
    "warm cosine": (
        {"optimizer": SGD, "schedule": Part(name="cosine", warmup_epochs=1.0)},
        simple(nesterov, rate=warm_cosine),
    ),
    "clipping": ({"clip_norm": 0.1, "optimizer": SGD}, simple(nesterov, clip=0.1)),
    "accumulation": ({"accumulate": 4}, simple(adam, every=4)),
    "mixup": ({"callbacks": [Part(name="mixup", alpha=0.4, cutmix_alpha=1.0)]}, mixed),
    "sam": ({"optimizer": SAM}, sharpness_aware),
}


@pytest.mark.parametrize("name", TRICKS)
def test_the_losses_of_the_first_twenty_steps_are_those_of_a_plain_loop(name: str) -> None:
    fit, plain = TRICKS[name]
    ours, theirs = ferkit_losses(**fit), plain_losses(plain)
    assert len(ours) == EPOCHS * STEPS >= 20
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_the_tricks_differ_from_one_another() -> None:
    last = {name: ferkit_losses(**fit)[-1] for name, (fit, _) in TRICKS.items()}
    assert len({round(one, 5) for one in last.values()}) == len(TRICKS)


def test_a_balanced_epoch_draws_the_images_of_a_plain_loop() -> None:
    assert ferkit_losses(balance=1.0) == pytest.approx(plain_losses(simple(adam), balance=1.0), abs=1e-6)


def test_the_average_of_the_weights_is_that_of_timm() -> None:
    estimator = tiny_estimator(epochs=2, callbacks=[Part(name="ema", decay=0.9, warmup=False)])
    list(estimator.fit(FACES, FACES[::2]))

    averages: list[ModelEmaV3] = []

    def make(network: Network) -> Step:
        step = simple(adam)(network)
        averages.append(ModelEmaV3(network, decay=0.9))

        def averaged(network: Network, images: Tensor, targets: Tensor, number: int) -> float:
            loss: float = step(network, images, targets, number)
            if number < 2 * STEPS:
                averages[0].update(network)
            return loss

        return averaged

    plain_losses(make)
    ours = estimator._fitted().evaluated.state_dict()
    for name, tensor in averages[0].module.state_dict().items():
        torch.testing.assert_close(ours[name], tensor, atol=1e-6, rtol=0)
    trained = estimator._fitted().network.state_dict()
    assert any(not torch.equal(ours[name], trained[name]) for name in ours)
