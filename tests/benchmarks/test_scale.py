"""The simulation of trainings on slow and lost nodes, and the page that shows its numbers."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.scale import CASES, main
from benchmarks.scale_model import (
    RETRIES,
    Nodes,
    Training,
    draw_losses,
    draw_speeds,
    shortest,
    simulate,
)

PAGE = Path(__file__).parents[2] / "docs" / "site" / "cost-of-scale.md"
FOUR = Training(epochs=4, seconds=10, start=5)


def test_trainings_wait_for_a_free_slot() -> None:
    assert simulate([FOUR] * 4, Nodes([1, 1], slots=2)).seconds == 45
    assert simulate([FOUR] * 5, Nodes([1, 1], slots=2)).seconds == 90
    assert simulate([FOUR] * 4, Nodes([1, 0.4], slots=1)).seconds == 135  # three on one node


def test_a_lost_training_continues_elsewhere_from_its_last_complete_epoch() -> None:
    found = simulate([FOUR, FOUR], Nodes([1, 1], slots=1), [(27, 1)])
    assert (found.restarts, found.failed) == (1, 0)
    assert found.repeated == 7  # the start, and 2 s of the third epoch
    assert found.seconds == 45 + 5 + 2 * 10


def test_a_node_is_replaced_and_loses_nothing_while_it_is_away() -> None:
    nodes = Nodes([1], slots=1, absence=100)
    found = simulate([FOUR], nodes, [(1, 0), (50, 0)])
    assert (found.seconds, found.restarts, found.repeated) == (101 + 45, 1, 1)


def test_a_training_that_is_lost_too_often_fails_and_the_others_end() -> None:
    nodes = Nodes([1, 1], slots=1, absence=0)
    found = simulate([FOUR, FOUR], nodes, [(1, 1), (2, 1), (3, 1)])
    assert (found.failed, found.restarts, found.seconds) == (1, RETRIES, 45)


def test_without_any_node_nothing_ends() -> None:
    with pytest.raises(ValueError, match="all nodes"):
        simulate([FOUR], Nodes([1], slots=1), [(1, 0)])


def test_no_schedule_is_shorter_than_the_work_or_the_longest_training() -> None:
    trainings = [FOUR] * 6
    assert shortest(trainings, 2) == (135, "cores")
    assert shortest(trainings, 100) == (45, "longest training")
    for slots in (1, 2, 4, 100):
        assert simulate(trainings, Nodes([1], slots)).seconds >= shortest(trainings, slots)[0]


def test_losses_and_speeds_have_the_given_rates() -> None:
    draw = random.Random(0)
    times, nodes = zip(*islice(draw_losses(4, 0.5, draw), 4000), strict=True)
    assert times[-1] / 4000 == pytest.approx(3600 / (4 * 0.5), rel=0.1)
    assert set(nodes) == {0, 1, 2, 3}
    assert list(draw_losses(4, 0, draw)) == []
    assert draw_speeds(1000, 0.1, 2, draw).count(0.5) == pytest.approx(100, rel=0.3)


def test_the_slowest_resource_bounds_images(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--nodes", "1,64", "--draws", "1", "--storage", "100"])
    lines = capsys.readouterr().out.splitlines()
    one, many = (line for line in lines if line.startswith("| 2 cores |"))
    assert one.split(" | ")[2:] == ["167", "16.67", "16.7", "7", "detection and network (84%) |"]
    assert many.split(" | ")[5:] == ["100", "storage |"]


def test_the_page_shows_what_the_script_prints(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    page = PAGE.read_text(encoding="utf-8")
    printed = [line for line in capsys.readouterr().out.splitlines() if line]
    assert [line for line in printed if line not in page] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--slow", "2"], "0 to 1, got '2'"),
        (["--lost", "often"], "got 'often'"),
        (["--nodes", "1,0"], "whole number"),
    ],
)
def test_numbers_out_of_range_are_refused(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert expected in capsys.readouterr().err


def test_predicted_and_measured_seconds_are_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Cluster:
        """Takes a tenth longer than predicted."""

        def __init__(self, nodes: int) -> None:
            assert nodes == 4

        def __enter__(self) -> Cluster:
            return self

        def __exit__(self, *error: object) -> None: ...

        def run(
            self,
            trainings: list[Training],
            speeds: tuple[float, ...],
            losses: list[tuple[float, int]],
            folder: Path,
        ) -> float:
            assert not list(folder.iterdir())
            return 1.1 * simulate(trainings, Nodes(speeds, 1), losses).seconds

    monkeypatch.setattr("benchmarks.scale.LocalCluster", Cluster)
    main(["--check"])
    rows = capsys.readouterr().out.splitlines()[2:-1]
    assert len(rows) == len(CASES)
    assert all(row.endswith("| +10.0% |") for row in rows)
