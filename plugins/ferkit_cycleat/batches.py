"""Batches of each domain, in an order that the seed and the epoch decide and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ferkit_cycleat.gathering import Domains

Purpose = Literal["build", "warm_up", "source", "auxiliary", "buffers"]
PURPOSES: tuple[Purpose, ...] = ("build", "warm_up", "source", "auxiliary", "buffers")


def derive_seed(seed: int, purpose: Purpose, epoch: int = 0) -> int:
    """No two purposes or epochs share one."""
    return int(np.random.SeedSequence([seed, PURPOSES.index(purpose), epoch]).generate_state(1)[0])


def make_generator(seed: int, purpose: Purpose, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed(derive_seed(seed, purpose, epoch))


def normalise(pixels: Tensor) -> Tensor:
    """0..255 -> −1..1, the range of the generators."""
    return pixels.float() / 127.5 - 1


def draw_positions(
    size: int, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """For each step: positions (batch_size,), and which of these are to be mirrored, (batch_size,) bool.

    Every position comes once before any comes again.
    """
    waiting = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        while len(waiting) < batch_size:
            waiting = torch.cat([waiting, torch.randperm(size, generator=generator)])
        taken, waiting = waiting[:batch_size], waiting[batch_size:]
        yield taken, torch.rand(batch_size, generator=generator) < 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """steps: of an epoch; flip: whether every other image is mirrored."""

    domains: Domains
    batch_size: int
    steps: int
    flip: bool
    seed: int
    device: torch.device

    def source(self, purpose: Purpose, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised images (B, 3, side, side) and their classes (B,)."""
        for positions, images in self._draw(self.domains.source, purpose, epoch):
            yield images, self.domains.classes[positions].to(self.device)

    def auxiliary(self, epoch: int) -> Iterator[Tensor]:
        """Normalised images (B, 3, side, side)."""
        for _, images in self._draw(self.domains.auxiliary, "auxiliary", epoch):
            yield images

    def samples(self, number: int) -> tuple[Tensor, Tensor]:
        """Up to `number` images of source and auxiliary, always the same ones."""
        source, auxiliary = (
            normalise(pixels[spread(len(pixels), number)]).to(self.device)
            for pixels in (self.domains.source, self.domains.auxiliary)
        )
        return source, auxiliary

    def _draw(self, pixels: Tensor, purpose: Purpose, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator = make_generator(self.seed, purpose, epoch)
        for positions, is_mirrored in draw_positions(len(pixels), self.batch_size, self.steps, generator):
            images = normalise(pixels[positions].to(self.device))
            if self.flip:
                mirrored = is_mirrored.to(self.device)[:, None, None, None]
                images = torch.where(mirrored, images.flip(3), images)
            yield positions, images


def spread(size: int, number: int) -> Tensor:
    """Up to `number` positions, evenly over all of them: data sets list their faces class by class."""
    return torch.linspace(0, size - 1, min(size, number)).round().long()
