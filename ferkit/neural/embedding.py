"""Embeddings of faces: the input of a network's last layer."""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.network import Network
from ferkit.runtime.prefetch import iterate_ahead


@torch.inference_mode()
def embed_images(
    network: Network, images: FaceImages, accelerator: Accelerator, batch_size: int
) -> NDArray[np.float64]:
    """Return (images, D) embeddings. Raises ComponentError if the head has no `embed`."""
    network.eval()
    loader, _ = make_loader(images, batch_size, 0, seed=None)
    rows = []
    for pixels, _ in iterate_ahead(loader, 1):
        with accelerator.autocast():
            found = network.embed(pixels.to(accelerator.device, memory_format=torch.channels_last))
        rows.append(found.double().cpu().numpy())
    if not np.isfinite(embedded := np.concatenate(rows)).all():
        raise RunError("the network's embeddings of faces are not finite: are its weights damaged?")
    return embedded
