"""`ferkit plugins new` as it is typed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.answer import Ferkit


def test_the_commands_to_go_on_with_can_be_copied(ferkit: Ferkit, tmp_path: Path) -> None:
    folder = tmp_path / "my plugins"
    answer = ferkit("plugins", "new", "of_a_test", "--kind", "head", "--in", str(folder))
    assert answer.returncode == 0
    assert f"  cd '{folder / 'ferkit-of-a-test'}'\n" in answer.stdout
