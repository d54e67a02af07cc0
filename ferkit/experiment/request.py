"""Make the request for a run from a recipe, for `ferkit run` and `ferkit.train`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ferkit.experiment.hub_initial import download_initial
from ferkit.experiment.run import RunRequest
from ferkit.experiment.run_names import find_latest, name_folder
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.runtime.processes import refuse_several_processes
from ferkit.runtime.workers import Workers


def make_request(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    resume: bool = False,
    demo: bool = False,
    refit: bool = False,
    track: Sequence[str] = (),
    workers: Workers | None = None,
    collects: bool = False,
) -> RunRequest:
    """Check a recipe and choose the run folder.

    Args:
        recipe: A TOML file, or the name of a bundled recipe.
        overrides: Changes such as "fit.epochs=3".
        out: The run folder. Default: runs/NAME-DATE-TIME, or the latest run of the recipe with `resume`.
        resume: Continue a run.
        demo: Train on generated faces for a few minutes.
        refit: After the folds, train one network on all images.
        track: Names of trackers, instead of those of the recipe.
        workers: Processes that train the folds. None: this process trains them.
        collects: Train nothing, and merge the folds that other processes have trained.

    Raises:
        RecipeError: The recipe has problems. The error lists all of them.
        RunError: There is no run to resume, several processes run this, or the initial model cannot be
            downloaded.
    """
    refuse_several_processes()
    warnings: list[str] = []
    settings = [*overrides, *([f"track.with={json.dumps(list(track))}"] if track else [])]
    checked, registry = load_recipe(
        str(recipe), settings, change=cut_down(warnings) if demo else download_initial
    )
    find = find_latest if resume else name_folder
    folder = Path(out) if out else find(checked.name)
    return RunRequest(checked, registry, folder, resume, demo, refit, tuple(warnings), workers, collects)
