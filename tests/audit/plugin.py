"""Backbones with weights that may or may not be here, one that may download its own, and a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit.plugin import Component, Detections, DirectFile, Weights, WeightsName, hookimpl

OWN = Weights("audit_faces", "audit.pt", None, DirectFile("https://example.org/a.pt"), "MIT", "faces", 3)


class MeanBackbone(nn.Module):
    """Gives the image back, so that its embedding is the mean of each colour; `is_flat`: as (B, 3)."""

    stages: Mapping[str, int] = {"other": 3, "image": 3}
    default_stage = "image"

    def __init__(
        self,
        weights: WeightsName = WeightsName("audit_faces"),  # noqa: B008
        is_flat: bool = False,
        side: int = 0,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.is_flat = is_flat
        self.side = side
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        if self.side and images.shape[-1] != self.side:
            raise ValueError(f"only {self.side}")
        maps = self.dropout(images) * self.scale
        return {"other": -maps, "image": maps.amax(dim=(2, 3)) if self.is_flat else maps}


class DownloadingBackbone(MeanBackbone):
    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()


class DarkDetector:
    """Takes every image that is not bright for a face."""

    version = "1"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._look(image) for image in images]

    @staticmethod
    def _look(image: NDArray[np.uint8]) -> Detections:
        count = int(image.mean() < 240)
        box = np.array([[0, 0, *image.shape[1::-1]]] * count, np.float32).reshape(count, 4)
        return Detections(box, np.ones(count, np.float32), np.zeros((count, 5, 2), np.float32))


@hookimpl
def ferkit_components() -> list[Component]:
    here = "tests.audit.plugin"
    return [
        Component("detector", "dark", f"{here}:DarkDetector", "Whatever is not bright"),
        Component("weights", "audit_faces", f"{here}:OWN", "Faces"),
        Component("backbone", "mean", f"{here}:MeanBackbone", "The image itself"),
        Component("backbone", "downloading", f"{here}:DownloadingBackbone", "With weights of its own"),
    ]
