"""What happens to boxes between the networks, by facenet-pytorch's own rules of rounding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torchvision.ops import batched_nms


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """M boxes that may be faces.

    boxes: (M, 4) float32, x0 y0 x1 y1 in pixels; scores: (M,) float32 in 0..1; images: (M,) int64, the image
    of the batch that each lies in; values: (M, ...) float32, what else the last network said of each.
    """

    boxes: Tensor
    scores: Tensor
    images: Tensor
    values: Tensor

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, chosen: Tensor) -> Candidates:
        return Candidates(self.boxes[chosen], self.scores[chosen], self.images[chosen], self.values[chosen])

    @classmethod
    def none(cls, *values: int, device: torch.device) -> Candidates:
        nothing = torch.zeros(0, device=device)
        return cls(nothing.view(0, 4), nothing, nothing.long(), nothing.view(0, *values))

    @classmethod
    def joined(cls, parts: Iterable[Candidates]) -> Candidates:
        parts = list(parts)
        return cls(*(torch.cat([getattr(part, one.name) for part in parts]) for one in fields(cls)))


def suppress(candidates: Candidates, groups: Tensor, overlap: float) -> Candidates:
    """Non-maximum suppression by intersection over union, within each group: those kept, best first.

    In float64, for torchvision moves the groups apart by adding to the coordinates: in float32 an image's
    answer would depend on those beside it.
    """
    return candidates[batched_nms(candidates.boxes.double(), candidates.scores.double(), groups, overlap)]


def suppress_nested(candidates: Candidates, overlap: float) -> Candidates:
    """The same within each image by intersection over the smaller area; a box includes its last pixel."""
    best_first = candidates.scores.argsort(descending=True, stable=True)
    boxes, images = candidates.boxes[best_first].cpu(), candidates.images[best_first].cpu()
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(dim=1)
    kept, remain = [], torch.arange(len(boxes))
    while len(remain):
        best, others = int(remain[0]), remain[1:]
        kept.append(best)
        first = boxes[others, :2].maximum(boxes[best, :2])
        last = boxes[others, 2:].minimum(boxes[best, 2:])
        shared = (last - first + 1).clamp(min=0).prod(dim=1) / areas[others].minimum(areas[best])
        remain = others[(shared <= overlap) | (images[others] != images[best])]
    return candidates[best_first[kept]]


def shift(boxes: Tensor, offsets: Tensor, extra: int) -> Tensor:
    """Each edge moved by its offset, in widths or heights of the box; `extra` pixels are added to these."""
    sizes = boxes[:, 2:] - boxes[:, :2] + extra
    return boxes + offsets * sizes.repeat(1, 2)


def make_square(boxes: Tensor) -> Tensor:
    """The square about the same centre whose side is the longer one."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    sides = sizes.amax(dim=1, keepdim=True)
    corners = boxes[:, :2] + sizes * 0.5 - sides * 0.5
    return torch.cat([corners, corners + sides], dim=1)


def to_pixels(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The part of each box inside an image of this height and width: int64, empty where x0 >= x1 or y0 >= y1.

    facenet-pytorch counts a box's first pixel from 1.
    """
    corners = boxes.trunc().long()
    first = corners[:, :2].clamp(min=1) - 1
    last = corners[:, 2:].minimum(torch.tensor([size[1], size[0]], device=boxes.device))
    return torch.cat([first, last], dim=1)
