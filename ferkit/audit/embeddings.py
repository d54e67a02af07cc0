"""Faces as the recipe's backbone sees them, where its weights are here already."""

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
from ferkit.neural.device import make_accelerator
from ferkit.recipe.schema import Recipe

LARGEST = 160
"""Pixels: what face networks are trained on; a recipe's 350 would take five times as long."""
BATCH = 32


def why_no_weights(registry: Registry, kind: str, part: Part) -> str:
    """Why the component can't be built with pretrained weights unless something is fetched; "" where it can.

    A component that takes no weights at all is none that can't.
    """
    component = registry.get(kind, part.name)
    for name in weights_options(component, part.options).values():
        if name != "none" and not is_present(name):
            return f"the weights {name!r} are not here; fetch them: ferkit weights fetch {name}"
    parameters = option_parameters(component)
    if "pretrained" in parameters and part.options.get("pretrained", parameters["pretrained"].default):
        return f"{kind} {part.name!r} may download its pretrained weights, which an audit never does"
    return ""


def why_no_embeddings(recipe: Recipe, registry: Registry) -> str:
    """Why faces can't be compared by the recipe's backbone; "" where they can."""
    if recipe.estimator:
        return f"the recipe has the estimator {recipe.estimator.name!r} in place of a network"
    part = recipe.model.backbone
    if reason := why_no_weights(registry, "backbone", part):
        return reason
    named = weights_options(registry.get("backbone", part.name), part.options)
    if all(name == "none" for name in named.values()):
        return f"the backbone {part.name!r} starts from random numbers, which know nothing of faces"
    return ""


def embed_faces(
    recipe: Recipe, registry: Registry, faces: Sequence[Face], progress: Progress = no_progress
) -> NDArray[np.float32]:
    """(faces, C) float32: the backbone's default stage, averaged over its map; batch norm and dropout as in
    testing. faces: one or more. Raises FerkitError where the backbone can't be built.
    """
    backbone: Any = build(registry, "backbone", recipe.model.backbone)
    device = make_accelerator(recipe.fit.model_copy(update={"precision": "float32"})).device
    backbone = backbone.to(device).eval()
    labels = sorted({face.sample.label for face in faces})
    with torch.inference_mode():
        side = _choose_side(backbone, recipe.model.image_size, device)
        images = FaceImages(faces, labels, side, recipe.model.normalize, color=recipe.model.color)
        rows = []
        for start in range(0, len(faces), BATCH):
            places = range(start, min(start + BATCH, len(faces)))
            batch = torch.stack([images[(0, place)][0] for place in places]).to(device)
            maps: Tensor = backbone(batch)[backbone.default_stage]
            rows.append((maps.flatten(2).mean(dim=2) if maps.ndim > 2 else maps).float().cpu())
            progress("embeddings", places.stop, len(faces))
    return torch.cat(rows).numpy()


def _choose_side(backbone: Any, image_size: int, device: torch.device) -> int:
    """LARGEST at most, unless the backbone takes only images of the recipe's own size (most transformers)."""
    if image_size <= LARGEST:
        return image_size
    try:
        backbone(torch.zeros(1, 3, LARGEST, LARGEST, device=device))
    except Exception:
        return image_size
    return LARGEST
