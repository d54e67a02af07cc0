"""The script for SLURM of docs/site/scale.md."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.documentation.blocks import read_blocks
from tests.documentation.reader import check_command

SRUN = '#!/bin/sh\necho "$OMP_NUM_THREADS $*"\n'


@pytest.mark.parametrize(("task", "fold", "repeat"), [(0, 0, 0), (1, 1, 0), (2, 0, 1), (9, 1, 4)])
def test_each_task_of_the_array_trains_a_fold_of_its_own(
    tmp_path: Path, task: int, fold: int, repeat: int
) -> None:
    (block,) = [one for one in read_blocks("docs/site/scale.md") if one.file == "folds.sbatch"]
    (tmp_path / "folds.sbatch").write_text(block.text)
    (tmp_path / "srun").write_text(SRUN)
    (tmp_path / "srun").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    slurm = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_CPUS_PER_TASK": "4", "PATH": path}
    started = subprocess.run(
        ["bash", tmp_path / "folds.sbatch"], env={**os.environ, **slurm}, capture_output=True, text=True
    )
    threads, _, command = started.stdout.strip().partition(" ")
    assert threads == "4"
    assert f"--fold {fold} --repeat {repeat}" in command
    check_command(command)
