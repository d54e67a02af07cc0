"""A map's covariance, made smaller on its manifold, its logarithm classified (Acharya et al. 2018)."""

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
"""The eigenvalues' range after ReEig, as in the published code."""


class CovPoolHead(nn.Module):
    """Covariance of one stage's channels → BiMap and ReEig layers → LogEig → fully connected layers.

    stage: a stage of the backbone whose maps have two places or more; "" is the one with the most channels,
    the deepest of several. channels: a 1×1 convolution with batch norm and ReLU reduces the map to so many
    channels first; 0: none, which for the paper's own network is right, and for 1792 channels is slow. bimap:
    the sizes of the matrices that BiMap layers make, none larger than the one before. hidden: widths of fully
    connected layers with batch norm and ReLU before the last linear one. batch_norm_momentum: how fast batch
    norm forgets; the published 0.005 (a decay of 0.995) needs thousands of steps, the default is torch's.
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
        """Maps (B, C, h, w) of its stage -> logits (B, num_classes).

        Raises ComponentError where a map has one place alone, RunError where its values are not finite.
        """
        embedded = self.embed(features)
        logits: Tensor = self.classify(embedded.relu() if len(self.hidden) else embedded)
        return logits

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Maps -> (B, D): the last hidden layer after its batch norm and before its ReLU.

        That is what the published code's second step classifies. Without hidden layers, the logarithm itself.
        """
        maps = features[self.stages[0]]
        self._check_places(maps)
        embedded: Tensor = self.hidden(self.logarithms(self.reduce(maps)).flatten(1))
        return embedded

    def logarithms(self, maps: Tensor) -> Tensor:
        """Maps (B, C, h, w), reduced -> (B, M, M), in float32 at least."""
        if not maps.is_meta and not bool(maps.isfinite().all()):
            bad = int((~maps.isfinite().flatten(1).all(dim=1)).sum())
            raise RunError(
                f"head 'covpool': expected finite maps, got NaN or infinite values for {bad} of {len(maps)} "
                f"images (stage {self.stages[0]}). The training diverged: lower fit.optimizer.lr, or set "
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
                f"head 'covpool': a covariance needs maps of at least 2 places, and stage {self.stages[0]!r} "
                f"gives {height} by {width}. Set model.head.stage to an earlier stage, or a larger "
                "model.image_size"
            )


def _full_precision(maps: Tensor) -> AbstractContextManager[object]:
    """Mixed precision would multiply the matrices in half precision."""
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
    """Linear and batch norm for each width after the first, ReLU between them."""
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
            f"bimap: expected sizes from 1 to {sizes[0]}, the map's channels, none larger than the one "
            f"before, got {list(bimap)}"
        )
    if min(hidden, default=1) < 1:
        raise ValueError(f"hidden: expected at least 1 unit for each layer, got {list(hidden)}")
