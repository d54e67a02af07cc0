"""Batches of each domain, in an order that only the seed and the epoch determine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ferkit_cycleat.gathering import Domains

Purpose = Literal["build", "warm_up", "source", "auxiliary", "buffers", "dropout"]
PURPOSES: tuple[Purpose, ...] = ("build", "warm_up", "source", "auxiliary", "buffers", "dropout")


def derive_seed(seed: int, purpose: Purpose, epoch: int = 0) -> int:
    """Return a seed that no other purpose or epoch has."""
    return int(np.random.SeedSequence([seed, PURPOSES.index(purpose), epoch]).generate_state(1)[0])


def make_generator(seed: int, purpose: Purpose, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed(derive_seed(seed, purpose, epoch))


def normalise(pixels: Tensor) -> Tensor:
    """Scale pixels from 0..255 to −1..1, the range of the generators."""
    return pixels.float() / 127.5 - 1


def draw_positions(
    size: int, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield for each step positions (batch_size,) and a mask (batch_size,) of those to mirror.

    All positions are used once before any is used again.
    """
    waiting = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        while len(waiting) < batch_size:
            waiting = torch.cat([waiting, torch.randperm(size, generator=generator)])
        taken, waiting = waiting[:batch_size], waiting[batch_size:]
        yield taken, torch.rand(batch_size, generator=generator) < 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Batches of an epoch.

    Attributes:
        domains: Images of the domains.
        batch_size: Images of each domain in a batch.
        steps: Steps of an epoch.
        flip: Mirror half of the images, chosen at random.
        seed: Seed of the order.
        device: Device of the batches.
    """

    domains: Domains
    batch_size: int
    steps: int
    flip: bool
    seed: int
    device: torch.device

    def source(self, purpose: Purpose, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield normalised images (B, 3, side, side) and their classes (B,)."""
        for positions, images in self._draw(self.domains.source, purpose, epoch):
            yield images, self.domains.classes[positions].to(self.device)

    def auxiliary(self, epoch: int) -> Iterator[Tensor]:
        """Yield normalised images (B, 3, side, side)."""
        for _, images in self._draw(self.domains.auxiliary, "auxiliary", epoch):
            yield images

    def samples(self, number: int) -> tuple[Tensor, Tensor]:
        """Return up to `number` images of source and auxiliary domain, always the same ones."""
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
    """Return up to `number` evenly spaced positions: data sets list their faces by class."""
    return torch.linspace(0, size - 1, min(size, number)).round().long()
