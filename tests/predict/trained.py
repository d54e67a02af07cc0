"""A run whose network the tests of prediction and of cards take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ferkit.experiment.run import RunRequest, run
from ferkit.recipe.load import load_recipe
from tests.experiment.test_run import RECIPE


def train_squares(folder: Path, settings: Sequence[str]) -> Path:
    """folder/run, of squares; the images and the recipe lie beside it."""
    (folder / "squares.toml").write_text(RECIPE.format(root=folder / "images"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        checked, registry = load_recipe(str(folder / "squares.toml"), settings)
        return run(RunRequest(checked, registry, folder / "run")).parent
