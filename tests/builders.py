"""Small things that several tests are made of: faces without images, a tiny network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ferkit.interfaces import Face, Sample

LABELS = ("anger", "happiness", "neutral")


def make_faces(per_class: int = 6, side: int = 24, labels: Sequence[str] = LABELS) -> list[Face]:
    """Images whose brightness tells the label, so that anything that learns learns them."""
    generator = np.random.default_rng(0)
    faces = []
    for index, label in enumerate(labels):
        for number in range(per_class):
            level = 20 + 80 * index
            image = generator.integers(level, level + 70, (side, side, 3), dtype=np.uint8)
            sample = Sample(Path(f"{label}_{number}.png"), label)
            faces.append(Face(sample, image, (0.0, 0.0, side, side), 1.0, f"{label}{number}"))
    return faces


class TinyBackbone(nn.Module):
    """Two stages, batch norm and dropout: what makes a resumed training differ if it is done carelessly."""

    stages: Mapping[str, int] = {"early": 4, "late": 8}
    default_stage = "late"

    def __init__(self, is_frozen: bool = False) -> None:
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU())
        self.late = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2), nn.BatchNorm2d(8), nn.Dropout(0.2))
        self.is_frozen = is_frozen
        self.calls = 0
        if is_frozen:
            self.requires_grad_(False)

    def train(self, mode: bool = True) -> TinyBackbone:
        return super().train(mode and not self.is_frozen)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self.calls += 1
        early = self.early(images)
        return {"early": early, "late": self.late(early)}


class TinyHead(nn.Module):
    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.classify = nn.Linear(in_channels, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classify(features.mean(dim=(2, 3)))
        return logits


def same_tensors(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
