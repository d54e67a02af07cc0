"""The largest batch that a training step fits into memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psutil
import torch

from ferkit.bench.memory import make_meter, release, resident
from ferkit.neural.loop import Parts, Training

SMALLEST = 2
"""Batch norm needs two images or more."""
CPU_FRACTION = 0.8
"""Part of the available memory that the probe may use on a CPU, by default."""


@dataclass(frozen=True, slots=True)
class ProbedSize:
    """A batch size that fits.

    Attributes:
        batch_size: Number of images.
        seconds: Duration of a training step.
        peak: Peak memory in bytes, with the network. On a CPU, above that of the process before.
    """

    batch_size: int
    seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class BatchProbe:
    """The result of the probe.

    Attributes:
        sizes: The batch sizes that fit, ascending.
        end: Reason why larger ones were not tried.
    """

    sizes: tuple[ProbedSize, ...]
    end: str


def default_limit() -> int:
    """Return the memory in bytes that the probe may use on a CPU."""
    return int(CPU_FRACTION * psutil.virtual_memory().available)


class ConstantRate:
    """A schedule that changes nothing. The probe takes more steps than some schedules have."""

    def step(self) -> None:
        """Keep the rate."""

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the probe is not resumed."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Ignore a state."""


def without_schedule(parts: Parts) -> Parts:
    """Replace the scheduler of a training, for `NeuralEstimator.start_training`."""
    return replace(parts, scheduler=lambda optimizer, steps: ConstantRate())


def probe_batch_sizes(
    build: Callable[[], Training],
    image_size: int,
    labels: int,
    largest: int,
    limit: int,
    on_size: Callable[[int], object] = lambda _: None,
) -> BatchProbe:
    """Try batches of 2, 4, 8 ... images, each with two training steps on random pixels.

    On a GPU, the first size that is out of memory ends the probe. On a CPU, the next size is not tried if it
    is expected to exceed the limit: the system would swap, or kill the process.

    Args:
        build: Builds a training, whose scheduler must have no last step.
        image_size: Width and height of the images, in pixels.
        labels: Number of labels.
        largest: Largest batch size.
        limit: Memory in bytes, for a CPU.
        on_size: Called with each batch size before it is tried.
    """
    base = resident()
    training = build()
    training.callbacks.begin_epoch(1)
    device = training.accelerator.device
    done: list[ProbedSize] = []
    for size in _powers(largest):
        on_size(size)
        if device.type == "cpu" and (needed := _expected(done)) > limit:
            return BatchProbe(tuple(done), f"{size} images would need {needed / 2**30:.1f} GiB")
        try:
            with make_meter(device, base) as meter:
                seconds = min(_timed(training, size, image_size, labels) for _ in range(2))
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            return BatchProbe(tuple(done), f"{size} images are out of memory")
        done.append(ProbedSize(size, seconds, meter.peak or 0))
        release()
    return BatchProbe(tuple(done), f"{largest} images are the largest size to try")


def _powers(largest: int) -> Iterator[int]:
    size = SMALLEST
    while size <= largest:
        yield size
        size *= 2


def _expected(done: list[ProbedSize]) -> int:
    """Return the memory of the next size, from the growth of the last two. Images need the same each."""
    if len(done) < 2:
        return 2 * done[-1].peak if done else 0
    return done[-1].peak + 2 * max(0, done[-1].peak - done[-2].peak)


def _timed(training: Training, size: int, image_size: int, labels: int) -> float:
    device = training.accelerator.device
    pixels = torch.randn(size, 3, image_size, image_size, device=device)
    targets = torch.arange(size, device=device) % labels
    started = time.perf_counter()
    training.step_on(pixels, targets)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
