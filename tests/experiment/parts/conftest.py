from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def no_reports() -> Iterator[None]:
    """Leave out the reports of runs, whose figures take most of the time."""

    def render(folder: Path) -> Path:
        return folder / "report.html"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferkit.report.render", render)
        yield
