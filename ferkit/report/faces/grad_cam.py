"""Grad-CAM: positions of the last feature map that support a label."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferkit.neural.network import Network

STRENGTH = 0.45
"""Weight of the colours in the blend, 0..1."""


def attention_map(network: Network, image: Tensor, label: int) -> NDArray[np.float32]:
    """Compute the Grad-CAM map of a label (Selvaraju et al. 2017, equations 1 and 2).

    The channels of the deepest map that the head uses are weighted by the mean gradient of the label's logit,
    summed, and clipped at 0.

    Args:
        network: The network, which is set to eval mode.
        image: (3, H, W), normalised.
        label: Index of the label.

    Returns:
        (h, w), 0 or more, not scaled.
    """
    network.eval()
    with torch.no_grad():
        given = network.features(image[None])
    maps = {stage: one.detach().requires_grad_() for stage, one in given.items()}
    logits = network(features=maps)
    deepest = maps[deepest_stage(network)]
    (gradient,) = torch.autograd.grad(logits[0, label], deepest)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    found = torch.relu((weights * deepest).sum(dim=1))[0]
    return np.asarray(found.detach().float().numpy(), dtype=np.float32)


def deepest_stage(network: Network) -> str:
    """Return the last of the backbone's stages that the head uses."""
    order = list(getattr(network.backbone, "stages"))  # noqa: B009  (an nn.Module to mypy)
    return max(network.stages or (network.default_stage,), key=order.index)


def blend(image: NDArray[np.uint8], found: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour an (H, W, 3) uint8 RGB image by a map of any size, from blue (0) to red (the maximum).

    The image is unchanged if the map is 0 everywhere.
    """
    if not found.max():
        return image
    height, width = image.shape[:2]
    enlarged = cv2.resize(found / found.max(), (width, height), interpolation=cv2.INTER_CUBIC)
    levels = np.clip(np.rint(255 * enlarged), 0, 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.addWeighted(colours, STRENGTH, image, 1 - STRENGTH, 0), dtype=np.uint8)
