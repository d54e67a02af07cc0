"""InceptionResnetV1 as a backbone with selectable stages."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import torch
from facenet_pytorch import InceptionResnetV1
from torch import Tensor, nn

from ferkit.plugin import (
    ComponentError,
    Weights,
    WeightsError,
    WeightsName,
    accept_weights,
    crop_kernels,
    load_weights,
    shorten,
    suggest,
)
from ferkit_backbones.inception_resnet_v1.folding import Folding
from ferkit_backbones.inception_resnet_v1.keras_weights import read_keras_weights

STEM = ("conv2d_1a", "conv2d_2a", "conv2d_2b", "maxpool_3a", "conv2d_3b", "conv2d_4a", "conv2d_4b")
STAGES = {
    "conv2d_4b": STEM,
    "repeat_1": ("repeat_1",),
    "mixed_6a": ("mixed_6a",),
    "repeat_2": ("repeat_2",),
    "mixed_7a": ("mixed_7a",),
    "repeat_3": ("repeat_3",),
    "block8": ("block8",),
    "embedding": ("last_linear", "last_bn"),
}
"""Stages that heads can use, from shallow to deep, and the modules of each."""

FACENET_MEAN, FACENET_STD = (127.5 / 255,) * 3, (128 / 255,) * 3
"""facenet-pytorch's `fixed_image_standardization`, (x − 127.5) / 128, for pixels from 0 to 1."""

SMALLEST = {"conv2d_4b": 27, "repeat_1": 27, "mixed_6a": 43, "repeat_2": 43}
"""The smallest image side of each stage, in pixels; 75 for later stages."""


class InceptionResnetV1Backbone(nn.Module):
    """facenet-pytorch's InceptionResnetV1 (Szegedy et al. 2017), trained on faces.

    The stages for a 160-pixel image, as channels × height × width:

        conv2d_4b, repeat_1            256 × 17 × 17
        mixed_6a, repeat_2             896 × 8 × 8
        mixed_7a, repeat_3, block8     1792 × 3 × 3
        embedding                      512 × 1 × 1 (128 for msceleb1m)

    The embedding is an average pool, dropout, a linear layer and batch norm, as pretrained. The L2 norm of
    face recognition is not applied.

    Args:
        weights: Name of pretrained weights, or "none" for random weights.
        freeze: "none", "all", or a stage. The stages up to this one are not trained, and their batch norm
            keeps its statistics.
        dropout: Fraction that training drops before the embedding's linear layer, from 0 to below 1.
        batch_norm: "eval" keeps the pretrained statistics in trained stages too.
        last_stage: Last stage of the backbone. Later ones are removed.
    """

    def __init__(
        self,
        weights: WeightsName = WeightsName("vggface2"),  # noqa: B008
        freeze: str = "none",
        dropout: float = 0.6,
        batch_norm: Literal["train", "eval"] = "train",
        last_stage: str = "embedding",
    ) -> None:
        super().__init__()
        kept = _stages_up_to(last_stage)
        if freeze not in ("none", "all", *kept):
            raise ValueError(
                f"freeze: no stage is called {freeze!r}. {suggest(freeze, ['none', 'all', *kept])}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected a fraction from 0 up to 1, got {dropout}")
        self.trunk, embedding_size = load_inception(weights)
        self.trunk.dropout = nn.Dropout(dropout)
        crop_kernels(self.trunk)
        for name in _modules_after(last_stage):
            delattr(self.trunk, name)
        channels = (256, 256, 896, 896, 1792, 1792, 1792, embedding_size)
        self.stages = dict(zip(kept, channels, strict=False))
        self.default_stage = "block8" if "block8" in kept else last_stage
        self.mean, self.std = FACENET_MEAN, FACENET_STD
        self.smallest = SMALLEST.get(last_stage, 75)
        frozen = last_stage if freeze == "all" else freeze
        self.frozen_stages = [] if freeze == "none" else kept[: kept.index(frozen) + 1]
        for module in self._frozen_modules():
            module.requires_grad_(False)
        self.batch_norm = batch_norm
        self.train()

    def train(self, mode: bool = True) -> InceptionResnetV1Backbone:
        """Set the mode; frozen modules stay in eval mode, so their batch norm keeps its statistics."""
        super().train(mode)
        self.folding = Folding()  # code that averages weights through `tensor.data` must do it before eval()
        for module in self._frozen_modules():
            module.eval()
        if self.batch_norm == "eval":
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
                    module.eval()
        if "embedding" in self.frozen_stages:
            self.trunk.dropout.eval()
        return self

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (B, 3, H, W), scaled as (x − 127.5)/128, to the feature maps of every stage.

        Raises:
            ComponentError: A side is below 75 pixels, or below the minimum of a shorter backbone.
        """
        if min(images.shape[2:]) < self.smallest:
            height, width = images.shape[2:]
            raise ComponentError(
                f"backbone 'inception_resnet_v1' takes images of {self.smallest} pixels and more, got "
                f"{height} by {width}. Set model.image_size to {self.smallest} or more. The weights were "
                "trained at 160."
            )
        features = {}
        for stage in self.stages:
            is_frozen = stage in self.frozen_stages
            with torch.no_grad() if is_frozen else nullcontext():
                if stage == "embedding":
                    features[stage] = self._embed(images)
                else:
                    for name in STAGES[stage]:
                        images = self._run(self.trunk.get_submodule(name), images)
                    features[stage] = images
        return features

    def _run(self, module: nn.Module, maps: Tensor) -> Tensor:
        # torch.compile folds by itself and cannot trace the cache.
        if module.training or torch.is_grad_enabled() or torch.compiler.is_compiling():
            result: Tensor = module(maps)
            return result
        return self.folding(module, maps)

    def _embed(self, maps: Tensor) -> Tensor:
        pooled = self.trunk.dropout(self.trunk.avgpool_1a(maps)).flatten(1)
        embedding: Tensor = self.trunk.last_bn(self.trunk.last_linear(pooled))
        return embedding[:, :, None, None]

    def _frozen_modules(self) -> list[nn.Module]:
        return [self.trunk.get_submodule(name) for stage in self.frozen_stages for name in STAGES[stage]]


def _stages_up_to(last_stage: str) -> list[str]:
    """Return the stages up to the last one. Raises ValueError for an unknown stage."""
    names = list(STAGES)
    if last_stage not in names:
        raise ValueError(f"last_stage: no stage is called {last_stage!r}. {suggest(last_stage, names)}")
    return names[: names.index(last_stage) + 1]


def _modules_after(last_stage: str) -> list[str]:
    names = list(STAGES)
    return [module for stage in names[names.index(last_stage) + 1 :] for module in STAGES[stage]]


def load_inception(name: str) -> tuple[InceptionResnetV1, int]:
    """Return the network with its weights and the size of its embedding. Raises WeightsError."""
    trunk = InceptionResnetV1(pretrained=None)
    if name == "none":
        return trunk, 512
    entry, path = load_weights(name)
    if entry.embedding_size != 512:
        trunk.last_linear = nn.Linear(1792, entry.embedding_size, bias=False)
        trunk.last_bn = nn.BatchNorm1d(entry.embedding_size, eps=0.001, momentum=0.1, affine=True)
    tensors = read_keras_weights(path) if path.suffix == ".h5" else read_torch_weights(path, entry)
    try:
        trunk.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise WeightsError(f"Cannot load {path} into InceptionResnetV1: {shorten(error, 200)}") from error
    accept_weights(entry, path)
    return trunk, entry.embedding_size


def read_torch_weights(path: Path, entry: Weights) -> dict[str, Tensor]:
    """Read facenet-pytorch's state dict without the layer that classifies people. Raises WeightsError."""
    try:
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"Cannot read weights from {path}: {type(error).__name__}. Move the file away, then run: "
            f"ferkit weights fetch {entry.name}"
        ) from error
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("logits.")}
