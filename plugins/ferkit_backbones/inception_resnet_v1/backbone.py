"""InceptionResnetV1 with its stages in the open."""

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
"""Each stage that heads can tap, from shallow to deep, and the modules that lead to it."""

SMALLEST = {"conv2d_4b": 27, "repeat_1": 27, "mixed_6a": 43, "repeat_2": 43}
"""The side in pixels below which a stage has nothing left to convolve; 75 for the later ones."""


class InceptionResnetV1Backbone(nn.Module):
    """facenet-pytorch's InceptionResnetV1 (Szegedy et al. 2017), as trained on faces.

    weights: the name of pretrained weights, or "none" to begin with random numbers; freeze: "none", "all",
    or a stage up to which, it included, nothing is trained and batch norm keeps its statistics; dropout:
    the fraction dropped before the embedding's linear layer; batch_norm: "eval" keeps the pretrained
    statistics in what is trained too; last_stage: where the backbone ends: what comes after is not kept.

    Stages for a 160-pixel input: conv2d_4b and repeat_1 256×17×17, mixed_6a and repeat_2 896×8×8,
    mixed_7a, repeat_3 and block8 1792×3×3; embedding 512×1×1 (128 for msceleb1m): average pool, dropout,
    linear and batch norm as pretrained, without the L2 norm that face recognition ends with.
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
        self.smallest = SMALLEST.get(last_stage, 75)
        frozen = last_stage if freeze == "all" else freeze
        self.frozen_stages = [] if freeze == "none" else kept[: kept.index(frozen) + 1]
        for module in self._frozen_modules():
            module.requires_grad_(False)
        self.batch_norm = batch_norm
        self.train()

    def train(self, mode: bool = True) -> InceptionResnetV1Backbone:
        """What is frozen stays in eval mode: its batch norm must not learn either."""
        super().train(mode)
        self.folding = Folding()  # whoever averages weights through `tensor.data` does so before eval()
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
        """(B, 3, H, W), (x − 127.5)/128 -> every stage's map.

        Raises ComponentError below 75 pixels, or below what a shorter backbone can still convolve.
        """
        if min(images.shape[2:]) < self.smallest:
            height, width = images.shape[2:]
            raise ComponentError(
                f"backbone 'inception_resnet_v1' takes images of {self.smallest} pixels and more, got "
                f"{height} by {width}. Set model.image_size to {self.smallest} or more; it was trained on "
                "160."
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
        # A compiler folds by itself, and can't look into what is kept here.
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
    """Raises ValueError where there is no such stage."""
    names = list(STAGES)
    if last_stage not in names:
        raise ValueError(f"last_stage: no stage is called {last_stage!r}. {suggest(last_stage, names)}")
    return names[: names.index(last_stage) + 1]


def _modules_after(last_stage: str) -> list[str]:
    names = list(STAGES)
    return [module for stage in names[names.index(last_stage) + 1 :] for module in STAGES[stage]]


def load_inception(name: str) -> tuple[InceptionResnetV1, int]:
    """The network with its weights, and how many numbers its embedding has. Raises WeightsError."""
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
        raise WeightsError(f"{path} does not fit InceptionResnetV1: {error}") from error
    accept_weights(entry, path)
    return trunk, entry.embedding_size


def read_torch_weights(path: Path, entry: Weights) -> dict[str, Tensor]:
    """facenet-pytorch's state dict without the layer that tells people apart. Raises WeightsError."""
    try:
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"{path} can't be read as weights ({type(error).__name__}). Move it away, then: "
            f"ferkit weights fetch {entry.name}"
        ) from error
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("logits.")}
