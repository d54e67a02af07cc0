from __future__ import annotations

import sys

import pytest

from ferkit.cli import main
from tests.cli.answer import Answer, Ferkit


@pytest.fixture
def ferkit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ferkit:
    """The command line in this process: torch is imported already."""

    def call(*typed: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["ferkit", *typed])
        with pytest.raises(SystemExit) as caught:
            main()
        return Answer(int(caught.value.code or 0), *capsys.readouterr())

    return call
