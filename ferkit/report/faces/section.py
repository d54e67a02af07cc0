"""The section of the report that shows images. It is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ferkit.components.discovery import folders_of_model, importable
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.errors import FerkitError, RunError
from ferkit.evaluation.run_files import read_images, read_metrics, read_resolved, read_summary
from ferkit.interfaces import Face, Sample
from ferkit.recipe.load import load_table
from ferkit.recipe.parse import load_plugins_of_run
from ferkit.recipe.schema import Recipe
from ferkit.report.faces.explain import Explained, explain
from ferkit.report.faces.selection import Guess, list_guesses, surest_mistakes
from ferkit.report.faces.thumbnails import Portrait, show_mistake, show_sheets
from ferkit.report.figures.gallery import read_all_predictions


@dataclass(frozen=True, slots=True)
class Images:
    """Content of the section.

    Attributes:
        title: Title of the epoch selection that is shown.
        mistakes: The most confident errors.
        attention: Faces with Grad-CAM maps.
        map_size: Size of the Grad-CAM maps.
        sheets: Images from the estimator.
        warnings: Reasons why something is not shown.
    """

    title: str
    mistakes: Sequence[Portrait] = ()
    attention: Sequence[Portrait] = ()
    map_size: str = ""
    sheets: Sequence[Portrait] = ()
    warnings: Sequence[str] = field(default_factory=tuple)


def show_images(run_dir: Path, trust_plugins: bool = False) -> Images:
    """Collect the most confident errors and some Grad-CAM maps, or warnings that say why not.

    Both belong to the first epoch selection, because the run kept its network.

    Args:
        run_dir: The run folder.
        trust_plugins: Import modules that the run's recipe names, also if no installed plugin provides them.

    Raises:
        RunError: The folder has no finished run.
    """
    with importable(*(folders_of_model(run_dir) if trust_plugins else ())):
        return _show_images(run_dir, trust_plugins)


def _show_images(run_dir: Path, trust_plugins: bool) -> Images:
    plugins = partial(load_plugins_of_run, run_dir=run_dir, is_trusted=trust_plugins)
    summary = read_summary(run_dir)
    key, made = next(iter(read_all_predictions(run_dir, summary, read_metrics(run_dir)).items()))
    title = str(summary.scores[key]["title"])
    guesses = surest_mistakes(list(list_guesses(made)))
    try:
        recipe, registry = load_table(str(run_dir / "recipe.toml"), read_resolved(run_dir), plugins=plugins)
        crop = partial(_crop, run_dir, recipe, registry)
        faces = crop(guesses)
    except FerkitError as error:
        return Images(title, warnings=[f"Cannot show images: {error}"])
    if recipe.estimator:
        name = recipe.estimator.name
        explained = Explained(warnings=[f"No Grad-CAM: the estimator {name!r} has no feature maps."])
    else:
        try:
            explained = explain(run_dir, recipe, registry, summary.labels, made[0][0], crop)
        except FerkitError as error:
            explained = Explained(warnings=[f"No Grad-CAM: {error}"])
    none = [] if guesses else ["All predictions are correct, so there are no errors to show."]
    return Images(
        title,
        [show_mistake(one, faces[one.path].image) for one in guesses],
        explained.faces,
        explained.map_size,
        show_sheets(run_dir),
        [*none, *explained.warnings],
    )


def _crop(run_dir: Path, recipe: Recipe, registry: Registry, guesses: Sequence[Guess]) -> Mapping[str, Face]:
    """Crop the faces of predictions, by path.

    Raises:
        DataError: An image cannot be read.
        RunError: An image has changed since the run.
    """
    wanted = {one.path for one in guesses}
    known = {one.path: one for one in read_images(run_dir) if one.path in wanted}
    samples = [Sample(Path(path), known[path].label, known[path].groups) for path in sorted(wanted)]
    crops = find_faces(recipe.detector, recipe.faces, registry, samples)
    if crops.skipped:
        sample, problem = crops.skipped[0]
        raise RunError(f"{sample.path}: {problem}")
    for face in crops.faces:
        if face.sha256 != known[str(face.sample.path)].sha256:
            raise RunError(f"{face.sample.path} has changed since the run")
    return {str(face.sample.path): face for face in crops.faces}
