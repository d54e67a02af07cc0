"""Grad-CAM of a few of a run's test images, by the network that the run kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ferkit.components.registry import Registry
from ferkit.evaluation.run_files import Predictions, folds_dir
from ferkit.interfaces import Face
from ferkit.neural.batches import FaceImages
from ferkit.neural.load import rebuild_network
from ferkit.neural.network import Network
from ferkit.neural.preprocessing import resize_square
from ferkit.recipe.grid import recipe_of_fold
from ferkit.recipe.schema import Recipe
from ferkit.report.faces.grad_cam import attention_map, blend
from ferkit.report.faces.selection import Guess, list_guesses, varied_faces
from ferkit.report.faces.thumbnails import SIDE, Portrait, show_explained

FOLD = "repeat0_fold0"
"""Where the explained network was trained."""
FAR = 0.1
"""Probabilities that differ by more than another precision explains."""


@dataclass(slots=True)
class Explained:
    """faces: each blended with its map; map_size: "3 × 3"; warnings: what a reader must know of them."""

    faces: list[Portrait] = field(default_factory=list)
    map_size: str = ""
    warnings: list[str] = field(default_factory=list)


def explain(
    run_dir: Path,
    recipe: Recipe,
    registry: Registry,
    labels: Sequence[str],
    made: Predictions,
    crop: Callable[[Sequence[Guess]], Mapping[str, Face]],
) -> Explained:
    """made: the first fold's predictions; crop: gives faces by path. Raises RunError, what crop raises."""
    settings = recipe_of_fold(run_dir, recipe, FOLD)
    model = settings.model
    file = folds_dir(run_dir) / FOLD / "model.safetensors"
    network = rebuild_network(file, model, registry, labels)
    chosen = varied_faces(list(list_guesses([[made]])), labels)
    cropped = crop(chosen)
    faces = [cropped[one.path] for one in chosen]
    images = FaceImages(faces, labels, model.image_size, model.normalize, color=model.color)
    explained, strayed = Explained(), 0.0
    for position, one in enumerate(chosen):
        image, _ = images[0, position]
        label = labels.index(one.predicted)
        found = attention_map(network, image, label)
        if found.size == 1:
            return Explained(warnings=["No Grad-CAM: the map that the head uses has a single place."])
        square = resize_square(faces[position].image, model.image_size)
        explained.faces.append(show_explained(one, blend(resize_square(square, SIDE), found), found))
        explained.map_size = f"{found.shape[0]} × {found.shape[1]}"
        strayed = max(strayed, abs(_probability(network, image, label) - one.probability))
    if strayed > FAR:
        explained.warnings.append(
            f"The network as kept gives other probabilities than were recorded (by up to {strayed:.2f}): "
            "what Grad-CAM shows is not what the scores are of."
        )
    return explained


def _probability(network: Network, image: Tensor, label: int) -> float:
    with torch.no_grad():
        return float(network(image[None]).softmax(dim=1)[0, label])
