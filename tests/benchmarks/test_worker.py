"""A process that is asked again and again."""

from __future__ import annotations

import sys

import pytest

from benchmarks.worker import Worker
from ferkit.errors import RunError

COUNTING = """
import json, sys
print(json.dumps({"ready": "counter 1"}), flush=True)
for count, _ in enumerate(sys.stdin, start=1):
    if count == 3:
        sys.exit("no more")
    print(json.dumps({"faces": count}), flush=True)
"""


def test_it_answers_until_it_ends_and_then_says_why() -> None:
    with Worker([sys.executable, "-c", COUNTING]) as worker:
        assert worker.ready == "counter 1"
        assert [worker.ask()["faces"] for _ in range(2)] == [1, 2]
        with pytest.raises(RunError, match="The process ended with 1: no more"):
            worker.ask()
        with pytest.raises(RunError, match="The process ended with 1: no more"):
            worker.ask()


def test_one_that_does_not_come_up_says_why() -> None:
    with pytest.raises(RunError, match=r"The process ended with 1: ModuleNotFoundError: .*'no_such_tool'"):
        Worker([sys.executable, "-c", "import no_such_tool"]).__enter__()


def test_one_that_is_not_installed_says_so() -> None:
    with pytest.raises(RunError, match="Cannot start /nowhere/python: No such file"):
        Worker(["/nowhere/python"]).__enter__()


def test_it_is_gone_when_the_context_is_left() -> None:
    with Worker([sys.executable, "-c", COUNTING]) as worker:
        assert worker.process.poll() is None
    assert worker.process.poll() is not None


def test_one_that_says_something_else_is_quoted() -> None:
    with pytest.raises(RunError, match="Expected a JSON object from the process, got 'Downloading weights'"):
        Worker([sys.executable, "-c", "print('Downloading weights')"]).__enter__()
