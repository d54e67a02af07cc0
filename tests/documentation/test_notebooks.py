"""The notebooks of the documentation run from top to bottom, and hold no output."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.documentation.blocks import ROOT

FOLDER = ROOT / "docs" / "site" / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def cells_of(name: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads((FOLDER / name).read_text(encoding="utf-8"))["cells"]
    return cells


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_of_a_notebook_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names: dict[str, Any] = {}
    for number, cell in enumerate(cells_of(name)):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), names)
    assert (tmp_path / "runs" / "notebook" / "report.html").exists()
    assert (tmp_path / "notebook.safetensors").exists()
    printed = capsys.readouterr().out
    assert "trained further" in printed
    before, after = (float(one) for one in re.findall(r"(?:UAR|accuracy) ([\d.]+)%", printed))
    assert after > before  # the loop has trained the network on these images


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_holds_no_output(name: str) -> None:
    cells = [cell for cell in cells_of(name) if cell["cell_type"] == "code"]
    assert cells
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)


def test_every_notebook_is_linked_from_a_page() -> None:
    page = (ROOT / "docs" / "site" / "python.md").read_text(encoding="utf-8")
    assert NOTEBOOKS
    assert all(f"(notebooks/{name})" in page for name in NOTEBOOKS)
