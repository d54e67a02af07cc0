"""What is recorded of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from ferkit.bench.machine import describe_machine, load_average, read_governor
from ferkit.bench.run import busy_warnings
from ferkit.recipe.load import load_recipe


def test_the_governor_is_read_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "governor").write_text("powersave\n")
    assert read_governor(tmp_path / "governor") == "powersave"
    assert read_governor(tmp_path / "none") is None


def test_machine_and_versions_are_told_apart() -> None:
    machine, versions = describe_machine(*load_recipe("quickstart"), torch.device("cpu"))
    assert machine.keys() == {"system", "processor", "cores", "threads", "gpu", "clock"}
    assert machine["gpu"] is None
    assert versions["torch"] == torch.__version__.partition("+")[0]
    assert not machine.keys() & versions.keys()


@pytest.mark.parametrize(("load", "notices"), [(0.9, 0), (1.0, 1), (None, 0)])
def test_a_busy_machine_is_told(monkeypatch: pytest.MonkeyPatch, load: float | None, notices: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert len(busy_warnings(load)) == notices


def test_a_system_without_a_load_tells_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", fail)
    assert load_average() is None
