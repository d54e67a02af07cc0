"""Embed faces with the recipe's backbone, if its weights are in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferkit.audit.read import Progress, no_progress
from ferkit.components.build import build
from ferkit.components.options import option_parameters, weights_options
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.components.weights.catalogue import is_present
from ferkit.interfaces import Face
from ferkit.neural.batches import FaceImages
from ferkit.neural.build import choose_normalize
from ferkit.neural.device import make_accelerator
from ferkit.recipe.schema import Recipe

LARGEST = 160
"""Maximum image size, in pixels. Face networks are trained on it, and 350 would take five times as long."""
BATCH = 32


def why_no_weights(registry: Registry, kind: str, part: Part) -> str:
    """Return the reason why a component cannot be built without a download; "" if it can."""
    component = registry.get(kind, part.name)
    for name in weights_options(component, part.options).values():
        if name != "none" and not is_present(name):
            return f"the weights {name!r} are not in the cache. Run: ferkit weights fetch {name}"
    parameters = option_parameters(component)
    if "pretrained" in parameters and part.options.get("pretrained", parameters["pretrained"].default):
        return f"{kind} {part.name!r} may download pretrained weights, and an audit downloads nothing"
    return ""


def why_no_embeddings(recipe: Recipe, registry: Registry) -> str:
    """Return the reason why the recipe's backbone cannot compare faces; "" if it can."""
    if recipe.estimator:
        return f"the recipe uses the estimator {recipe.estimator.name!r} instead of a network"
    part = recipe.model.backbone
    if reason := why_no_weights(registry, "backbone", part):
        return reason
    named = weights_options(registry.get("backbone", part.name), part.options)
    if all(name == "none" for name in named.values()):
        return f"the backbone {part.name!r} has random weights"
    return ""


def embed_faces(
    recipe: Recipe, registry: Registry, faces: Sequence[Face], progress: Progress = no_progress
) -> NDArray[np.float32]:
    """Embed faces: the backbone's default stage in eval mode, averaged over positions.

    Args:
        recipe: The recipe.
        registry: The available components.
        faces: One or more faces.
        progress: Called after each batch.

    Returns:
        (faces, C) float32.

    Raises:
        FerkitError: The backbone cannot be built.
    """
    backbone: Any = build(registry, "backbone", recipe.model.backbone)
    device = make_accelerator(recipe.fit.model_copy(update={"precision": "float32"})).device
    backbone = backbone.to(device).eval()
    normalize = choose_normalize(recipe.model, registry, backbone)
    labels = sorted({face.sample.label for face in faces})
    with torch.inference_mode():
        side = _choose_side(backbone, recipe.model.image_size, device)
        images = FaceImages(faces, labels, side, normalize, color=recipe.model.color)
        rows = []
        for start in range(0, len(faces), BATCH):
            places = range(start, min(start + BATCH, len(faces)))
            batch = torch.stack([images[(0, place)][0] for place in places]).to(device)
            maps: Tensor = backbone(batch)[backbone.default_stage]
            rows.append((maps.flatten(2).mean(dim=2) if maps.ndim > 2 else maps).float().cpu())
            progress("embeddings", places.stop, len(faces))
    return torch.cat(rows).numpy()


def _choose_side(backbone: Any, image_size: int, device: torch.device) -> int:
    """Return the image size: LARGEST at most, unless the backbone needs the recipe's size."""
    if image_size <= LARGEST:
        return image_size
    try:
        backbone(torch.zeros(1, 3, LARGEST, LARGEST, device=device))
    except Exception:
        return image_size
    return LARGEST
