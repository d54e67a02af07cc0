"""The part of a page that shows images, made only where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ferkit.components.discovery import folders_of_model, importable
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.errors import FerkitError, RunError
from ferkit.evaluation.formatting import title_of
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
    """title: of the epoch selection that is shown; warnings: what could not be."""

    title: str
    mistakes: Sequence[Portrait] = ()
    attention: Sequence[Portrait] = ()
    map_size: str = ""
    sheets: Sequence[Portrait] = ()
    warnings: Sequence[str] = field(default_factory=tuple)


def show_images(run_dir: Path, trust_plugins: bool = False) -> Images:
    """The surest mistakes and what Grad-CAM shows of a few faces; what can't be shown is said in a warning.

    Both are of the last epoch selection: the run kept that one's network. Raises RunError
    where the folder holds no finished run.

    trust_plugins: import modules that the run's recipe names, also if no installed plugin provides them.
    """
    with importable(*(folders_of_model(run_dir) if trust_plugins else ())):
        return _show_images(run_dir, trust_plugins)


def _show_images(run_dir: Path, trust_plugins: bool) -> Images:
    plugins = partial(load_plugins_of_run, run_dir=run_dir, is_trusted=trust_plugins)
    summary = read_summary(run_dir)
    key, made = list(read_all_predictions(run_dir, summary, read_metrics(run_dir)).items())[-1]
    title = title_of(summary.scores[key])
    guesses = surest_mistakes(list(list_guesses(made)))
    try:
        recipe, registry = load_table(str(run_dir / "recipe.toml"), read_resolved(run_dir), plugins=plugins)
        crop = partial(_crop, run_dir, recipe, registry)
        faces = crop(guesses)
    except FerkitError as error:
        return Images(title, warnings=[f"Images can't be shown: {error}"])
    if recipe.estimator:
        name = recipe.estimator.name
        explained = Explained(
            warnings=[f"No Grad-CAM: the estimator {name!r} is no network with maps to read."]
        )
    else:
        try:
            explained = explain(run_dir, recipe, registry, summary.labels, made[0][0], crop)
        except FerkitError as error:
            explained = Explained(warnings=[f"No Grad-CAM: {error}"])
    none = [] if guesses else ["There is no mistake to show: all predictions are right."]
    return Images(
        title,
        [show_mistake(one, faces[one.path].image) for one in guesses],
        explained.faces,
        explained.map_size,
        show_sheets(run_dir),
        [*none, *explained.warnings],
    )


def _crop(run_dir: Path, recipe: Recipe, registry: Registry, guesses: Sequence[Guess]) -> Mapping[str, Face]:
    """Path -> the face, as the run saw it.

    Raises DataError where an image can't be read, RunError where it is another now.
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
            raise RunError(f"{face.sample.path} is another image now than the one that the run used")
    return {str(face.sample.path): face for face in crops.faces}
