"""The part of a page that shows photographs, made only where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.errors import FerkitError, RunError
from ferkit.grid import candidates
from ferkit.interfaces import Face, Sample
from ferkit.loading import load_recipe
from ferkit.neural.batches import FaceImages, resize_square
from ferkit.recipe import Recipe
from ferkit.registry import Registry
from ferkit.report.attention import attention_map, blend
from ferkit.report.gallery import read_all_predictions
from ferkit.report.pictures import embed
from ferkit.report.rebuilding import rebuild_network
from ferkit.report.selected_faces import Guess, list_guesses, surest_mistakes, varied_faces
from ferkit.report.words import title_of
from ferkit.results import Predictions, read_choice, read_metrics, read_photographs, read_summary
from ferkit.run import SILENCE, find_faces

SIDE = 224
"""Of a face on the page, in pixels."""
CELL = "repeat0_fold0"
"""Where the explained network was trained."""
FAR = 0.1
"""Probabilities that differ by more than another precision explains."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """source: a data URI; alternative: the picture in words; caption, file: what stands below it."""

    source: str
    alternative: str
    caption: str
    file: str


@dataclass(slots=True)
class Photographs:
    """title: of the reading that is shown; map_size: "3 × 3"; notices: what could not be shown."""

    title: str = ""
    mistakes: list[Portrait] = field(default_factory=list)
    attention: list[Portrait] = field(default_factory=list)
    map_size: str = ""
    notices: list[str] = field(default_factory=list)


def show_photographs(run_dir: Path) -> Photographs:
    """The surest mistakes and what Grad-CAM shows of a few faces; what can't be shown is said in a notice.

    Both are of the last reading: the network that the run kept is that one's. Raises RunError where the
    folder holds no finished run.
    """
    summary = read_summary(run_dir)
    key, made = list(read_all_predictions(run_dir, summary, read_metrics(run_dir)).items())[-1]
    shown = Photographs(title=title_of(summary["scores"][key]))
    try:
        recipe, registry = load_recipe(str(run_dir / "recipe.toml"))
        mistakes = surest_mistakes(list(list_guesses(made)))
        shown.mistakes = _show_mistakes(mistakes, _crop(run_dir, recipe, registry, mistakes))
    except FerkitError as error:
        shown.notices.append(f"Photographs can't be shown: {error}")
        return shown
    if not mistakes:
        shown.notices.append("There is no mistake to show: all predictions are right.")
    if recipe.estimator:
        shown.notices.append(
            f"No Grad-CAM: the estimator {recipe.estimator.name!r} is no network whose maps could be read."
        )
        return shown
    try:
        _explain(run_dir, recipe, registry, summary["labels"], made[0][0], shown)
    except FerkitError as error:
        shown.notices.append(f"No Grad-CAM: {error}")
    return shown


def _crop(run_dir: Path, recipe: Recipe, registry: Registry, guesses: Sequence[Guess]) -> Mapping[str, Face]:
    """Path -> the face, as the run saw it. Raises DataError, RunError where the photograph is another now."""
    wanted = {one.path for one in guesses}
    known = {one.path: one for one in read_photographs(run_dir) if one.path in wanted}
    samples = [Sample(Path(path), known[path].label, known[path].groups) for path in sorted(wanted)]
    crops = find_faces(recipe, registry, samples, SILENCE)
    if crops.skipped:
        sample, problem = crops.skipped[0]
        raise RunError(f"{sample.path}: {problem}")
    for face in crops.faces:
        if face.sha256 != known[str(face.sample.path)].sha256:
            raise RunError(f"{face.sample.path} is another photograph now than the one that the run used")
    return {str(face.sample.path): face for face in crops.faces}


def _show_mistakes(mistakes: Sequence[Guess], faces: Mapping[str, Face]) -> list[Portrait]:
    return [
        Portrait(
            _encode(faces[one.path].image),
            f"A face labelled {one.true}, taken for {one.predicted} with {100 * one.probability:.0f}%",
            f"{one.true}, taken for {one.predicted}: {100 * one.probability:.0f}% "
            f"(repeat {one.repeat + 1}, fold {one.fold + 1})",
            Path(one.path).name,
        )
        for one in mistakes
    ]


def _explain(
    run_dir: Path,
    recipe: Recipe,
    registry: Registry,
    labels: Sequence[str],
    made: Predictions,
    shown: Photographs,
) -> None:
    """Add Grad-CAM of a few of the first cell's test images."""
    recipe = _settings_of(run_dir, recipe)
    network = rebuild_network(run_dir, recipe, registry, labels, CELL)
    chosen = varied_faces(list(list_guesses([[made]])), labels)
    cropped = _crop(run_dir, recipe, registry, chosen)
    faces = [cropped[one.path] for one in chosen]
    images = FaceImages(faces, labels, recipe.model.image_size, recipe.model.normalize)
    strayed = 0.0
    for position, (one, face) in enumerate(zip(chosen, faces, strict=True)):
        image, _ = images[0, position]
        found = attention_map(network, image, labels.index(one.predicted))
        square = resize_square(face.image, recipe.model.image_size)
        shown.attention.append(_portray(one, blend(resize_square(square, SIDE), found), found))
        shown.map_size = f"{found.shape[0]} × {found.shape[1]}"
        strayed = max(
            strayed, abs(_probability(network, image, labels.index(one.predicted)) - one.probability)
        )
    if strayed > FAR:
        shown.notices.append(
            f"The network as kept gives other probabilities than were recorded (by up to {strayed:.2f}): "
            "what Grad-CAM shows is not what the scores are of."
        )


def _portray(one: Guess, image: NDArray[np.uint8], found: NDArray[np.float32]) -> Portrait:
    how = "rightly" if one.is_right else "wrongly"
    caption = f"{one.true}, {how} taken for {one.predicted}: {100 * one.probability:.0f}%"
    return Portrait(_encode(image), f"A face {caption}. {_tell_map(found)}", caption, Path(one.path).name)


def _tell_map(found: NDArray[np.float32]) -> str:
    """Where it is strongest, in words."""
    if not found.max():
        return "No place raises that logit."
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    down = ("top", "middle", "bottom")[int(3 * (row + 0.5) / found.shape[0])]
    across = ("left", "centre", "right")[int(3 * (column + 0.5) / found.shape[1])]
    return f"The map is strongest at the {down} {across}."


def _settings_of(run_dir: Path, recipe: Recipe) -> Recipe:
    """With the grid's settings that the cell chose, where there was a grid."""
    found = candidates(recipe)
    return found[read_choice(run_dir, CELL)["candidate"]].recipe if found else recipe


def _probability(network: Any, image: Any, label: int) -> float:
    import torch

    with torch.no_grad():
        return float(network(image[None]).softmax(dim=1)[0, label])


def _encode(image: NDArray[np.uint8]) -> str:
    """(H, W, 3) uint8 RGB -> a JPEG of SIDE pixels at most as a data URI."""
    scale = SIDE / max(image.shape[:2])
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(smaller, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88]
    )
    return embed(encoded.tobytes(), "jpeg")
