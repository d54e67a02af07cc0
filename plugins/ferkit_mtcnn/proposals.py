"""The cascade's first stage: P-Net on every window of 12 pixels of an image pyramid."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ferkit_mtcnn.area import resize
from ferkit_mtcnn.boxes import Candidates, make_square, shift, suppress
from ferkit_mtcnn.networks import ProposalNetwork

WINDOW, STRIDE = 12, 2
LEVEL_OVERLAP, OVERLAP = 0.5, 0.7
STRIP = {"cpu": 1 << 18, "cuda": 1 << 23}
"""Pixels that go through the network at once: for 50 megapixels it takes no more memory than for one."""


def pyramid(size: tuple[int, int], min_face_size: int, factor: float) -> list[float]:
    """The scales at which a face of the least size, and each larger one, fills the window."""
    scale = WINDOW / min_face_size
    side = min(size) * scale
    scales = []
    while side >= WINDOW:
        scales.append(scale)
        scale, side = scale * factor, side * factor
    return scales


def propose(network: ProposalNetwork, sums: Tensor, scales: list[float], threshold: float) -> Candidates:
    """Squares of all the images, from their summed areas (N, H + 1, W + 1, 3): few overlap in one image."""
    levels = [_windows(network, sums, scale, threshold) for scale in scales]
    counts = torch.tensor([len(level) for level in levels], device=sums.device)
    numbers = torch.arange(len(levels), device=sums.device).repeat_interleave(counts)
    windows = Candidates.joined(levels)
    kept = suppress(windows, windows.images * len(levels) + numbers, LEVEL_OVERLAP)
    kept = suppress(kept, kept.images, OVERLAP)
    return replace(kept, boxes=make_square(shift(kept.boxes, kept.values, extra=0)))


def _windows(network: ProposalNetwork, sums: Tensor, scale: float, threshold: float) -> Candidates:
    """One level's windows over the threshold; values: by how much to move their edges."""
    count, height, width = sums.shape[0], sums.shape[1] - 1, sums.shape[2] - 1
    size = int(height * scale + 1), int(width * scale + 1)
    # What P-Net leaves of the height: two pixels less, half, rounded up, and four less.
    rows = (size[0] - 1) // STRIDE - 4
    step = max(1, STRIP.get(sums.device.type, STRIP["cuda"]) // (count * size[1] * STRIDE))
    strips = []
    for first in range(0, rows, step):
        last = min(first + step, rows)
        scores, features = network(resize(sums, size, slice(STRIDE * first, STRIDE * last + WINDOW - STRIDE)))
        found = (scores >= threshold).nonzero(as_tuple=True)
        images, y, x = found
        corners = torch.stack([x, y + first], dim=1).to(scores.dtype) * STRIDE
        boxes = torch.cat([(corners + 1) / scale, (corners + WINDOW) / scale], dim=1).floor()
        strips.append(Candidates(boxes, scores[found], images, network.offsets(features[found])))
    return Candidates.joined(strips)
