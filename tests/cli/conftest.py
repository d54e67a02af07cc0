from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferkit.cli import main
from tests.cli.answer import Answer, Ferkit


@pytest.fixture
def ferkit(capsys: pytest.CaptureFixture[str]) -> Ferkit:
    """The command line in this process: torch is imported already."""

    def call(*typed: str | Path, cwd: Path | None = None, **environment: str) -> Answer:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["ferkit", *map(str, typed)])
            if cwd:
                patch.chdir(cwd)
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as caught:
                main()
        return Answer(int(caught.value.code or 0), *capsys.readouterr())

    return call
