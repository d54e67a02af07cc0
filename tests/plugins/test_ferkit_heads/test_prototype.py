"""The head prototype: distances, and its use with ArcFace."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ferkit_heads.prototype import PrototypeHead
from ferkit_losses.arcface import ArcFaceLoss
from torch import Tensor
from torch.nn import functional as F

CHANNELS = {"early": 4, "late": 6}
PROTOTYPES = torch.eye(3, 6)


def with_prototypes(**options: Any) -> PrototypeHead:
    head = PrototypeHead(CHANNELS, num_classes=3, **options)
    with torch.no_grad():
        head.prototypes.copy_(PROTOTYPES)
    return head


def as_map(averages: Tensor) -> dict[str, Tensor]:
    """A map of two places with these averages."""
    return {"late": torch.stack([averages - 1, averages + 1], dim=2)[:, :, None]}


def test_logits_are_squared_distances_over_the_temperature() -> None:
    averages = torch.randn(2, 6)
    expected = -torch.cdist(averages, PROTOTYPES).square() / 2.5
    torch.testing.assert_close(with_prototypes(temperature=2.5)(as_map(averages)), expected)


def test_cosines_forget_lengths() -> None:
    averages = torch.randn(2, 6)
    logits = with_prototypes(distance="cosine", temperature=0.1)(as_map(averages))
    torch.testing.assert_close(logits, 10 * F.normalize(averages)[:, :3])
    again = with_prototypes(distance="cosine", temperature=0.1)(as_map(7 * averages))
    torch.testing.assert_close(again, logits)


def test_a_face_that_is_a_prototype_is_of_its_class() -> None:
    for distance in ("euclidean", "cosine"):
        logits = with_prototypes(distance=distance)(as_map(PROTOTYPES))
        assert logits.argmax(dim=1).tolist() == [0, 1, 2]


def test_the_embedding_is_what_is_compared() -> None:
    averages = torch.randn(2, 6)
    torch.testing.assert_close(with_prototypes().embed(as_map(averages)), averages)
    projected = PrototypeHead(CHANNELS, num_classes=3, embedding_size=2, distance="cosine")
    embedding = projected.embed(as_map(averages))
    torch.testing.assert_close(embedding, F.normalize(projected.project(averages)))
    assert projected.prototypes.shape == (3, 2)


def test_half_precision_maps_are_compared_in_single_precision() -> None:
    head = with_prototypes(distance="cosine")
    maps = {name: one.bfloat16() for name, one in as_map(torch.randn(2, 6)).items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head(maps).dtype == torch.float32


def test_its_cosines_are_what_arcface_takes() -> None:
    head = PrototypeHead(CHANNELS, num_classes=3, distance="cosine", temperature=1 / 16)
    loss = ArcFaceLoss(3, margin=0.3, scale=16.0)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    faces = as_map(torch.randn(3, 6, generator=torch.Generator().manual_seed(0)))
    targets = torch.arange(3)
    for _ in range(60):
        optimizer.zero_grad()
        loss(head(faces), targets).backward()
        optimizer.step()
    angles = (head(faces) / 16).clamp(-1, 1).acos()
    # Every face is nearer to its own prototype than to any other by the margin and more.
    others = angles.masked_fill(torch.eye(3, dtype=torch.bool), torch.inf).amin(dim=1)
    assert (others - angles.diagonal() > 0.3).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stage": "lat"}, "stage: .*'lat'. Did you mean 'late'"),
        ({"temperature": 0.0}, r"temperature: expected a number above 0, got 0\.0"),
        ({"embedding_size": -1}, "embedding_size: expected .* got -1"),
        ({"dropout": 1.0}, r"dropout: expected .* got 1\.0"),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PrototypeHead(CHANNELS, num_classes=3, **options)
