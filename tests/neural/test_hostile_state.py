"""A state file that was made to run code, or holds something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ferkit_cycleat.state import load_state as load_cycleat_state

from ferkit.errors import RunError
from ferkit.neural.checkpoint import hash_tensors, load_state
from tests.neural.test_resuming import seeded_backbone
from tests.neural.tiny import fit, tiny_estimator
from tests.predict.hostile import Evil


@pytest.mark.parametrize("load", [load_state, load_cycleat_state])
def test_a_state_that_would_run_code_is_broken_and_runs_nothing(tmp_path: Path, load: Any) -> None:
    torch.save({"epoch": Evil(tmp_path / "ran")}, tmp_path / "state.pt")
    with pytest.raises(RunError, match=r"state\.pt.* is broken"):
        load(tmp_path / "state.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("load", [load_state, load_cycleat_state])
@pytest.mark.parametrize("content", [[1, 2], None, torch.zeros(2), "text"])
def test_a_state_that_is_no_dictionary_is_broken(tmp_path: Path, content: Any, load: Any) -> None:
    torch.save(content, tmp_path / "state.pt")
    with pytest.raises(RunError, match=r"state\.pt.* is broken"):
        load(tmp_path / "state.pt")


@pytest.mark.parametrize(
    "harm",
    [
        {"network": [1]},
        {"network": None},
        {"optimizer": []},
        {"scheduler": 3},
        {"loss": "x"},
        {"optimizer": {"state": {0: {"step": "x"}}, "param_groups": []}},
        {"epoch": "x"},
        {"epoch": None},
        {"came_to": 3},
    ],
    ids=str,
)
def test_a_state_with_values_of_other_types_names_its_file(tmp_path: Path, harm: dict[str, Any]) -> None:
    file = tmp_path / "state.pt"
    training = tiny_estimator(state_file=file).fit(*_faces())
    next(training)
    next(training)
    training.close()  # type: ignore[attr-defined]
    whole = load_state(file)
    assert whole
    assert whole["began_with"] == hash_tensors(seeded_backbone().state_dict())
    torch.save({**whole, **harm}, file)
    with pytest.raises(RunError, match=r"state\.pt"):
        fit(tiny_estimator(state_file=file))


def _faces() -> tuple[Any, Any]:
    from tests.neural.test_resuming import FACES

    return FACES, FACES[::2]


def _harm_moment(state: dict[str, Any]) -> None:
    state["optimizer"]["state"][0]["exp_avg"] = [1.5]


def _drop_moment(state: dict[str, Any]) -> None:
    del state["optimizer"]["state"][0]["exp_avg_sq"]


def _drop_rate(state: dict[str, Any]) -> None:
    for group in state["optimizer"]["param_groups"]:
        del group["lr"]


def _drop_option(state: dict[str, Any]) -> None:
    for group in state["optimizer"]["param_groups"]:
        del group["eps"]


@pytest.mark.parametrize("harm", [_harm_moment, _drop_moment, _drop_rate, _drop_option])
def test_an_optimizer_state_with_other_contents_is_refused(
    tmp_path: Path, harm: Callable[[dict[str, Any]], None]
) -> None:
    file = tmp_path / "state.pt"
    training = tiny_estimator(state_file=file).fit(*_faces())
    next(training)
    next(training)
    training.close()  # type: ignore[attr-defined]
    whole = load_state(file)
    assert whole
    harm(whole)
    torch.save(whole, file)
    with pytest.raises(RunError, match=r"Cannot resume.*Delete"):
        fit(tiny_estimator(state_file=file))
