"""Grad-CAM of some test images, computed with the network that the run kept."""

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
"""Fold whose network is explained."""
FAR = 0.1
"""Maximum difference of probabilities that another precision can cause."""


@dataclass(slots=True)
class Explained:
    """Faces with Grad-CAM maps.

    Attributes:
        faces: Faces, each blended with its map.
        map_size: Size of the maps, such as "3 × 3".
        warnings: Warnings for the reader.
    """

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
    """Compute Grad-CAM maps for some test images of the first fold.

    Args:
        run_dir: The run folder.
        recipe: The run's recipe.
        registry: The available components.
        labels: The run's labels.
        made: The predictions of the first fold.
        crop: Returns the faces of predictions by path.

    Raises:
        RunError: The network cannot be loaded. `crop` may raise further errors.
    """
    settings = recipe_of_fold(run_dir, recipe, FOLD)
    model = settings.model
    file = folds_dir(run_dir) / FOLD / "model.safetensors"
    network = rebuild_network(file, model, registry, labels)
    chosen = varied_faces(list(list_guesses([[made]])), labels)
    cropped = crop(chosen)
    faces = [cropped[one.path] for one in chosen]
    images = FaceImages(faces, labels, model.image_size, network.normalize, color=model.color)
    explained, strayed = Explained(), 0.0
    for position, one in enumerate(chosen):
        image, _ = images[0, position]
        label = labels.index(one.predicted)
        found = attention_map(network, image, label)
        if found.size == 1:
            return Explained(warnings=["No Grad-CAM: the feature map of the head has one position only."])
        square = resize_square(faces[position].image, model.image_size)
        explained.faces.append(show_explained(one, blend(resize_square(square, SIDE), found), found))
        explained.map_size = f"{found.shape[0]} × {found.shape[1]}"
        strayed = max(strayed, abs(_probability(network, image, label) - one.probability))
    if strayed > FAR:
        explained.warnings.append(
            f"Probabilities of the kept network differ from the recorded ones by up to {strayed:.2f}. "
            "Grad-CAM may not explain the scores."
        )
    return explained


def _probability(network: Network, image: Tensor, label: int) -> float:
    with torch.no_grad():
        return float(network(image[None]).softmax(dim=1)[0, label])
