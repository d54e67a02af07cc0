"""Start `ferkit run` in a process, and read all that it came to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.campaign.campaign import ROOT
from tests.experiment.test_run import results

LIMIT = 300
"""Seconds in which a run ends."""


def environment(folder: Path) -> dict[str, str]:
    names = ("XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME", "MPLCONFIGDIR")
    return {name: str(folder.parent / "cache" / name) for name in names}


def start_run(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a run into FOLDER/run, with its output in a log next to the folder."""
    command = [sys.executable, "-m", "ferkit", "run", *words, "--out", str(folder / "run"), "--quiet"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    given = {**os.environ, **environment(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    folder.mkdir(parents=True, exist_ok=True)
    with log_of(folder).open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=given, stdout=log, stderr=subprocess.STDOUT)


def finish(folder: Path, *words: str) -> None:
    """Run to the end. It must succeed."""
    with start_run(folder, *words) as process:
        assert process.wait(LIMIT) == 0, log_of(folder).read_text()


def log_of(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.log"


def resume(folder: Path) -> tuple[str, ...]:
    """Return the option that resumes a run, if there is one."""
    return ("--resume",) if (folder / "run" / "recipe.toml").exists() else ()


def all_results(folder: Path) -> dict[str, object]:
    """Return predictions, networks and scores."""
    summary = json.loads((folder / "run" / "summary.json").read_text())
    return {**results(folder / "run"), "scores": summary["scores"], "parameters": summary["parameters"]}
