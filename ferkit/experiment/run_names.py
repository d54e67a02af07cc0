"""The run folders below runs/, and their names."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from ferkit.errors import RunError

RUNS = Path("runs")


def name_folder(name: str) -> Path:
    """Return a new run folder: runs/NAME-DATE-TIME."""
    return RUNS / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def find_latest(name: str) -> Path:
    """Return the newest run folder of a recipe. Raises RunError if there is none."""
    stamped = re.compile(re.escape(name) + r"-\d{8}-\d{6}")
    runs = [path.parent for path in RUNS.glob("*/recipe.toml") if stamped.fullmatch(path.parent.name)]
    if not runs:
        raise RunError(
            f"Cannot resume {name}: {RUNS}/ has no run of this recipe. Drop --resume, or give --out."
        )
    return max(runs, key=lambda path: path.name)


def finished_runs() -> list[Path]:
    """Return the folders of all finished runs, by name."""
    return sorted(file.parent for file in RUNS.glob("*/summary.json"))
