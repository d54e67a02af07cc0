"""Features of faces from the stages of a network's backbone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor

from ferkit.errors import ComponentError, RunError
from ferkit.messages import suggest
from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.network import Network
from ferkit.runtime.prefetch import iterate_ahead

LOGITS = "logits"
"""Name of the network's logits among the stages."""
DEFAULT = "default"
"""Name of the backbone's default stage."""


@dataclass(frozen=True)
class StagePool:
    """Pool the feature maps of some stages.

    Attributes:
        network: The network, in eval mode when it is called.
        stages: Stages of its backbone, "default" for its default stage, "logits" for the network's logits.
        grid: Cells per side. 0 keeps every position.
        mirror: Average the features of each image and its mirror image.
    """

    network: Network
    stages: Sequence[str]
    grid: int = 0
    mirror: bool = False

    def __post_init__(self) -> None:
        known = [*self.network.backbone.stages, DEFAULT, LOGITS]  # type: ignore[misc]
        for stage in self.stages:
            if stage not in known:
                raise ComponentError(f"the backbone has no stage {stage!r}. {suggest(stage, known)}")

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Return (B, D) features of each stage for (B, 3, H, W) images."""
        views = [images, images.flip(3)] if self.mirror else [images]
        each = [self._pool(view) for view in views]
        return [torch.stack(same).mean(dim=0) for same in zip(*each, strict=True)]

    def _pool(self, images: Tensor) -> list[Tensor]:
        has_maps = any(stage != LOGITS for stage in self.stages)
        maps = dict(self.network.backbone(images)) if has_maps else {}
        maps[DEFAULT] = maps.get(self.network.default_stage)
        return [
            self.network(images).double() if stage == LOGITS else self._cells(stage, maps[stage].double())
            for stage in self.stages
        ]

    def _cells(self, stage: str, maps: Tensor) -> Tensor:
        if self.grid > min(maps.shape[2:]):
            raise ComponentError(
                f"grid: the stage {stage!r} has maps of {maps.shape[2]} by {maps.shape[3]} positions, fewer "
                f"than a grid of {self.grid} by {self.grid} cells. Lower the grid, choose an earlier stage, "
                "or raise model.image_size."
            )
        return (F.adaptive_avg_pool2d(maps, self.grid) if self.grid else maps).flatten(1)


@torch.inference_mode()
def pool_images(
    pool: StagePool, images: FaceImages, accelerator: Accelerator, batch_size: int
) -> list[NDArray[np.float64]]:
    """Return (images, D) features of each stage.

    Raises:
        ComponentError: A map has fewer positions than the grid.
        RunError: The features are not finite.
    """
    pool.network.eval()
    loader, _ = make_loader(images, batch_size, 0, seed=None)
    batches = []
    for pixels, _ in iterate_ahead(loader, 1):
        with accelerator.autocast():
            found = pool(pixels.to(accelerator.device, memory_format=torch.channels_last))
        batches.append([one.cpu().numpy() for one in found])
    features = [np.concatenate(rows) for rows in zip(*batches, strict=True)]
    for stage, rows in zip(pool.stages, features, strict=True):
        if bad := int((~np.isfinite(rows).all(axis=1)).sum()):
            raise RunError(
                f"Cannot use the features of {stage!r}: {bad} of {len(rows)} faces have NaN or infinite "
                'values. Check the weights of the network, or set fit.precision = "float32".'
            )
    return features
