"""Covariance pooling as a head (Acharya et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise

import torch
from torch import Tensor, nn

from ferkit.plugin import ComponentError, RunError, suggest
from ferkit_covpool.bimap import BiMap
from ferkit_covpool.covariance import covariances, regularise
from ferkit_covpool.layers import check_momentum, initialise
from ferkit_covpool.spectral import log_rectified, rectify

SMALLEST, LARGEST = 1e-4, 1e4
"""Range of the eigenvalues after ReEig, as in the published code."""


class CovPoolHead(nn.Module):
    """Covariance of one stage's channels, then BiMap and ReEig layers, LogEig and dense layers.

    Source: Acharya, Huang, Paudel and Van Gool, "Covariance Pooling for Facial Expression Recognition", CVPR
    Workshops 2018.

    Args:
        stage: A stage of the backbone whose maps have at least two positions. "" is the stage with the most
            channels, the deepest if there are several.
        channels: Channels after a 1×1 convolution with batch norm and ReLU. 0 means no such layer, as in the
            paper. It is slow for 1,792 channels.
        bimap: Matrix sizes after each BiMap layer, none larger than the previous one.
        hidden: Units of the hidden dense layers, each with batch norm and ReLU.
        batch_norm_momentum: Momentum of batch norm, above 0, at most 1. The published 0.005 (a decay of
            0.995) needs thousands of steps. The default is torch's.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        stage: str = "",
        channels: int = 0,
        bimap: tuple[int, ...] = (128,),
        hidden: tuple[int, ...] = (2000, 128),
        batch_norm_momentum: float = 0.1,
    ) -> None:
        super().__init__()
        stage = stage or max(reversed(list(in_channels)), key=lambda name: in_channels[name])
        if stage not in in_channels:
            raise ValueError(f"stage: the backbone has no stage {stage!r}. {suggest(stage, in_channels)}")
        check_momentum(batch_norm_momentum)
        _check_sizes(channels, bimap, hidden, in_channels[stage])
        self.stages = (stage,)
        self.reduce = _reduction(in_channels[stage], channels, batch_norm_momentum)
        sizes = (channels or in_channels[stage], *bimap)
        self.bimaps = nn.ModuleList(BiMap(*pair) for pair in pairwise(sizes))
        widths = (sizes[-1] ** 2, *hidden)
        self.hidden = _fully_connected(widths, batch_norm_momentum)
        self.classify = nn.Linear(widths[-1], num_classes)
        initialise(self)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Map feature maps (B, C, h, w) to logits (B, num_classes).

        Raises:
            ComponentError: A map has one position only.
            RunError: The map has infinite values or NaN.
        """
        embedded = self.embed(features)
        logits: Tensor = self.classify(embedded.relu() if len(self.hidden) else embedded)
        return logits

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the last hidden layer after batch norm and before ReLU, (B, D).

        The published code's second step classifies these features. Without hidden layers, they are the
        logarithm.
        """
        maps = features[self.stages[0]]
        self._check_places(maps)
        embedded: Tensor = self.hidden(self.logarithms(self.reduce(maps)).flatten(1))
        return embedded

    def logarithms(self, maps: Tensor) -> Tensor:
        """Return the logarithms (B, M, M) of reduced maps (B, C, h, w), in float32 at least."""
        if not maps.is_meta and not bool(maps.isfinite().all()):
            bad = int((~maps.isfinite().flatten(1).all(dim=1)).sum())
            raise RunError(
                f"head 'covpool': expected finite maps, got NaN or infinite values for {bad} of {len(maps)} "
                f"images (stage {self.stages[0]}). The training diverged. Lower fit.optimizer.lr or set "
                'fit.precision = "float32".'
            )
        with _full_precision(maps):
            matrices = regularise(covariances(maps))
            for bimap in self.bimaps[:-1]:
                matrices = rectify(bimap(matrices), SMALLEST, LARGEST)
            for bimap in self.bimaps[-1:]:
                matrices = bimap(matrices)
            return log_rectified(matrices, SMALLEST, LARGEST)

    def _check_places(self, maps: Tensor) -> None:
        height, width = maps.shape[2:]
        if height * width < 2:
            raise ComponentError(
                f"head 'covpool' needs maps of at least 2 positions, but stage {self.stages[0]!r} gives "
                f"{height} by {width}. Set model.head.stage to an earlier stage, or a larger "
                "model.image_size."
            )


def _full_precision(maps: Tensor) -> AbstractContextManager[object]:
    """Disable mixed precision, which would multiply the matrices in half precision."""
    return nullcontext() if maps.is_meta else torch.autocast(maps.device.type, enabled=False)


def _reduction(in_channels: int, channels: int, momentum: float) -> nn.Module:
    if not channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, eps=1e-3, momentum=momentum),
        nn.ReLU(),
    )


def _fully_connected(widths: tuple[int, ...], momentum: float) -> nn.Sequential:
    """Return linear layers with batch norm for each width after the first, with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        norm = nn.BatchNorm1d(after, eps=1e-3, momentum=momentum)
        layers += [nn.Linear(before, after, bias=False), norm, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _check_sizes(channels: int, bimap: tuple[int, ...], hidden: tuple[int, ...], available: int) -> None:
    if channels < 0:
        raise ValueError(f"channels: expected 0 (no reduction) or a number of channels, got {channels}")
    sizes = [channels or available, *bimap]
    if min(sizes) < 1 or sizes != sorted(sizes, reverse=True):
        raise ValueError(
            f"bimap: expected sizes from 1 to {sizes[0]} (the map's channels), none larger than the "
            f"previous one, got {list(bimap)}"
        )
    if min(hidden, default=1) < 1:
        raise ValueError(f"hidden: expected at least 1 unit for each layer, got {list(hidden)}")
