from __future__ import annotations

import pytest
from torch import distributed

from ferkit.errors import RunError
from ferkit.runtime.processes import NEEDED, is_connection_error, is_launched, refuse_several_processes, share


def test_one_process_shares_with_itself() -> None:
    value = object()
    assert share(value) is value


def test_a_launcher_is_known_by_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        assert not is_launched()
        monkeypatch.setenv(name, "2")
    assert is_launched()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not is_launched()


def test_processes_that_are_not_connected_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(RunError, match=r"4 processes \(PMI_SIZE=4\).*torchrun"):
        refuse_several_processes()


def test_only_errors_of_the_connection_count_as_such() -> None:
    assert is_connection_error(RuntimeError("[gloo/transport/tcp/pair.cc:538] Connection closed by peer"))
    assert is_connection_error(distributed.DistBackendError("NCCL error"))
    assert not is_connection_error(RuntimeError("CUDA out of memory"))
    assert not is_connection_error(ValueError("gloo"))
