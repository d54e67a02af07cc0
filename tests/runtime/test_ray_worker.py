"""Actors of Ray as workers. tests/campaign/test_predict_parts.py kills real ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from ferkit.runtime import ray_cluster, ray_worker
from ferkit.runtime.ray_worker import RayWorker
from ferkit.runtime.workers import Workers

exceptions = pytest.importorskip("ray.exceptions", reason="ray is not installed")


class FakeActors:
    """Ray with actors that run in this process, until they are killed."""

    def __init__(self) -> None:
        self.options_given: dict[str, Any] = {}
        self.started = 0
        self.is_dead = False
        self.run = self

    def remote(self, *arguments: Any) -> Any:
        """Define an actor, start it, or call it."""
        if isinstance(arguments[0], type):
            return self
        if len(arguments) == 1:
            self.started += 1
            self.is_dead = False
            return self
        return Answer(self, *arguments)

    def options(self, **options: Any) -> FakeActors:
        self.options_given = options
        return self

    def kill(self, actor: object) -> None:
        self.is_dead = True


class Answer:
    def __init__(self, actors: FakeActors, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.actors, self.function, self.arguments = actors, function, arguments

    def future(self) -> Future[Any]:
        answer: Future[Any] = Future()
        if self.actors.is_dead:
            answer.set_exception(exceptions.ActorDiedError())
        else:
            answer.set_result(self.function(*self.arguments))
        return answer


@pytest.fixture
def actors(monkeypatch: pytest.MonkeyPatch) -> FakeActors:
    fake = FakeActors()
    monkeypatch.setattr(ray_worker, "import_ray", lambda: fake)
    return fake


def test_a_worker_reserves_its_resources(actors: FakeActors) -> None:
    RayWorker(Workers(on="ray", cpus=2, gpus=0.5, memory=3))
    expected = {"max_restarts": 0, "num_cpus": 2, "num_gpus": 0.5, "memory": 3_000_000_000}
    assert actors.options_given == expected


def test_a_dead_worker_is_replaced_at_the_next_call(actors: FakeActors) -> None:
    worker = RayWorker(Workers(on="ray"))
    assert worker.submit(max, 1, 2).result() == 2
    worker.stop()
    error = worker.submit(max, 1, 2).exception()
    assert error
    assert ray_cluster.is_ray_death(error)
    assert worker.submit(max, 3, 4).result() == 4
    assert actors.started == 2


def test_an_error_of_a_function_is_no_death() -> None:
    failed = exceptions.RayTaskError("run", "traceback", ValueError("no"))
    assert not ray_cluster.is_ray_death(failed)
    assert not ray_cluster.is_ray_death(ValueError("no"))


def test_a_process_takes_over_the_surroundings_of_the_driver(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("FERKIT_MAX_PIXELS", "7")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    surroundings = ray_cluster.surroundings_of(Workers(on="ray", cpus=3))
    monkeypatch.setenv("FERKIT_MAX_PIXELS", "8")
    monkeypatch.chdir("/")
    ray_cluster.take_over(surroundings)
    assert os.environ["FERKIT_MAX_PIXELS"] == "7"
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.getcwd() == str(tmp_path)
