"""Batches for evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor

from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.network import Network
from ferkit.neural.shard import Shard
from ferkit.runtime.prefetch import iterate_ahead


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch for evaluation.

    Attributes:
        images: The images of this process, or None.
        features: Their feature maps of a frozen backbone, or None.
        targets: The targets of the whole batch.
    """

    images: Tensor | None
    features: Mapping[str, Tensor] | None
    targets: Tensor


def count_right(logits: Tensor, targets: Tensor) -> int:
    """Count correct predictions. The label of a soft target is its largest value."""
    labels = targets if targets.dim() == 1 else targets.argmax(dim=1)
    return int((logits.argmax(dim=1) == labels).sum())


@torch.inference_mode()
def evaluation_batches(
    network: Network, images: FaceImages, batch_size: int, accelerator: Accelerator, shard: Shard
) -> Iterator[Batch]:
    """Yield the batches of images, in order. A frozen backbone runs here."""
    network.eval()
    loader, _ = make_loader(images, batch_size, 0, seed=None, shard=shard)
    for batch, (pixels, targets) in enumerate(iterate_ahead(loader, 1)):
        total = min(batch_size, len(images) - batch * batch_size)
        pixels = pixels.to(accelerator.device, memory_format=torch.channels_last)
        whole = shard.join(targets.to(accelerator.device), total)
        if network.is_backbone_frozen:
            with accelerator.autocast():
                yield Batch(None, network.features(pixels), whole)
        else:
            yield Batch(pixels, None, whole)
