"""The run folders below runs/, and their names."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from ferkit.errors import RunError
from ferkit.evaluation.run_files import SIDE_BY_SIDE
from ferkit.evaluation.side_by_side import runs_side_by_side

RUNS = Path("runs")


def name_folder(name: str) -> Path:
    """Return a new run folder: runs/NAME-DATE-TIME."""
    return RUNS / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def find_latest(name: str, file: str = "recipe.toml") -> Path:
    """Return the newest run folder of a recipe. Raises RunError if there is none.

    Args:
        name: Name of the recipe.
        file: A file in each run folder. SIDE_BY_SIDE selects folders of several protocols.
    """
    stamped = re.compile(re.escape(name) + r"-\d{8}-\d{6}")
    runs = [path.parent for path in RUNS.glob(f"*/{file}") if stamped.fullmatch(path.parent.name)]
    if not runs:
        several = " with several protocols" if file == SIDE_BY_SIDE else ""
        raise RunError(
            f"Cannot resume {name}: {RUNS}/ has no run of this recipe{several}. Drop --resume, or give --out."
        )
    return max(runs, key=lambda path: path.name)


def finished_runs() -> list[Path]:
    """Return the folders of all finished runs, by name, with those of several protocols."""
    plain = [file.parent for file in RUNS.glob("*/summary.json")]
    several = [run for file in RUNS.glob(f"*/{SIDE_BY_SIDE}") for run in runs_side_by_side(file.parent)]
    return sorted([*plain, *several])
