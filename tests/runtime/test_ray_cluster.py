"""A Ray cluster. tests/campaign/test_parts.py and test_predict_parts.py work on a real one."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ferkit.errors import RunError
from ferkit.runtime import ray_cluster
from ferkit.runtime.workers import Workers
from tests.cli.test_table import ferkit


def test_without_ray_the_message_has_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert ferkit(monkeypatch, "run", "quickstart", "--on", "ray") == 1
    assert 'pip install "ferkit[ray]"' in capsys.readouterr().err


def test_options_of_ray_need_ray(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ferkit(monkeypatch, "run", "quickstart", "--gpus", "1") == 2
    assert "--on ray" in capsys.readouterr().err


def test_an_address_without_a_cluster_is_refused_at_once() -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nobody listens
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(RunError, match=f"Cannot connect to Ray at {address}: .*ray start"):
            ray_cluster.connect(address)


class FakeTask:
    """A task that runs at once."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.function = function

    def options(self, **options: object) -> FakeTask:
        return self

    def remote(self, *arguments: object) -> object:
        return self.function(*arguments)


class FakeRay:
    """Two nodes, one of which has a GPU."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def remote(self, function: Callable[..., object]) -> FakeTask:
        return FakeTask(function)

    def get(self, result: object, timeout: float) -> object:
        return result

    def nodes(self) -> list[dict[str, Any]]:
        names = {"n1": {"CPU": 4.0}, "n2": {"CPU": 2.0, "GPU": 1.0}}
        return [
            {"Alive": True, "NodeID": "0" * 56, "NodeManagerHostname": name, "Resources": resources}
            for name, resources in names.items()
        ]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    monkeypatch.setattr(ray_cluster, "import_ray", FakeRay)


@pytest.mark.usefixtures("fake")
def test_a_node_that_does_not_see_the_run_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray_cluster.check_storage(tmp_path / "parts")
    assert list((tmp_path / "parts").iterdir()) == []
    monkeypatch.setattr(ray_cluster, "sees", lambda marker: False)
    with pytest.raises(RunError, match=r"the node n1: it does not see .*--out"):
        ray_cluster.check_storage(tmp_path / "parts")


@pytest.mark.usefixtures("fake")
def test_a_node_without_ferkit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(marker: Path) -> bool:
        raise RuntimeError("ModuleNotFoundError: No module named 'ferkit'")

    monkeypatch.setattr(ray_cluster, "sees", fail)
    with pytest.raises(RunError, match=r"the node n1: .*No module named 'ferkit'"):
        ray_cluster.check_storage(tmp_path / "parts")


@pytest.mark.usefixtures("fake")
def test_a_node_that_leaves_during_the_check_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(marker: Path) -> bool:
        monkeypatch.setattr(FakeRay, "nodes", lambda _: [])
        raise RuntimeError("the node died")

    monkeypatch.setattr(ray_cluster, "sees", leave)
    ray_cluster.check_storage(tmp_path)
    assert FakeRay().nodes() == []


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("workers", "is_short"),
    [
        (Workers(on="ray", cpus=4), False),
        (Workers(on="ray", cpus=2, gpus=0.5), False),
        (Workers(on="ray", cpus=4, gpus=1), True),
        (Workers(on="ray", memory=1), True),
    ],
)
def test_resources_that_no_node_of_a_given_cluster_has_are_a_warning(
    workers: Workers, is_short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    notes = ray_cluster.find_shortage(workers)
    assert bool(notes) == is_short
    assert all("No node" in one for one in notes)


@pytest.mark.usefixtures("fake")
def test_resources_that_this_machine_does_not_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(RunError, match=r"--cpus 1 --gpus 3: this machine offers 4 CPUs"):
        ray_cluster.find_shortage(Workers(on="ray", gpus=3))


@pytest.mark.parametrize("address", ["nowhere", "host:port", ":6379", "a" * 300])
def test_what_is_no_address_is_refused_before_anything_starts(address: str) -> None:
    with pytest.raises(RunError, match="--address: expected auto or HOST:PORT") as raised:
        ray_cluster.check_address(address)
    assert len(str(raised.value)) < 150


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("workers", "count"),
    [
        (Workers(on="ray"), 6),
        (Workers(on="ray", cpus=3), 1),
        (Workers(on="ray", gpus=0.5), 2),
        (Workers(on="ray", gpus=2), 0),
    ],
)
def test_the_room_for_workers_is_counted_by_node(workers: Workers, count: int) -> None:
    assert ray_cluster.count_room(workers) == count
