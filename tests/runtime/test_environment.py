from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ferkit.runtime.environment import temporary_variable


def test_a_variable_is_set_inside_the_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERKIT_TRIED", raising=False)
    with temporary_variable("FERKIT_TRIED", "1"):
        assert os.environ["FERKIT_TRIED"] == "1"
    assert "FERKIT_TRIED" not in os.environ


def test_the_users_own_value_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERKIT_TRIED", "0")
    with temporary_variable("FERKIT_TRIED", "1"):
        assert os.environ["FERKIT_TRIED"] == "0"
    assert os.environ["FERKIT_TRIED"] == "0"


def test_importing_ferkit_sets_no_variable() -> None:
    code = (
        "import os; names = set(os.environ); import ferkit.neural.augment, ferkit.predict.media.video; "
        "own = {name for name in set(os.environ) - names if name.startswith(('NO_ALB', 'OPENCV'))}; "
        "assert not own, own"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
