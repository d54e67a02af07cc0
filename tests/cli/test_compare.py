"""`ferkit compare` as a user calls it, and what its conclusion rests on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.evaluation.compare import compare, read_outcomes
from tests.cli.test_table import ferkit
from tests.run_folders import PROTOCOL, Guesses, write_run


def guesses(right: float, seed: int, images: int = 100) -> Guesses:
    """Two folds in which that share of the images is right; images are anger and fear by turns."""
    generator = np.random.default_rng(seed)
    return [
        [0.9 if (generator.random() < right) == bool(number % 2) else 0.1 for number in range(images)]
        for _ in range(2)
    ]


def test_the_difference_is_that_of_the_accuracies_on_the_same_images(tmp_path: Path) -> None:
    one = read_outcomes(write_run(tmp_path / "one", [guesses(0.9, 0)]))
    two = read_outcomes(write_run(tmp_path / "two", [guesses(0.5, 1)]))
    found = compare(one, two)
    assert found.images == 200
    (test,) = found.mcnemar
    gap = found.first["accuracy"] - found.second["accuracy"]
    assert gap == pytest.approx((test.only_first - test.only_second) / 200)
    assert found.leads == pytest.approx([gap])
    assert found.difference["accuracy"].low < gap < found.difference["accuracy"].high
    assert "first run is better on these images" in found.conclusion
    assert "One repeat cannot show" in found.conclusion


def test_a_difference_needs_the_repeats_too(tmp_path: Path) -> None:
    weak = [guesses(0.5, seed) for seed in range(3)]
    steady = read_outcomes(write_run(tmp_path / "a", [guesses(0.9, seed) for seed in (7, 8, 9)]))
    wild = read_outcomes(write_run(tmp_path / "b", [guesses(right, 5) for right in (0.99, 0.5, 0.75)]))
    other = read_outcomes(write_run(tmp_path / "c", weak))
    assert "by more than the randomness of training" in compare(steady, other).conclusion
    assert "may be the randomness of training" in compare(wild, other).conclusion


def test_runs_that_hardly_differ_are_not_told_apart(tmp_path: Path) -> None:
    one = read_outcomes(write_run(tmp_path / "a", [guesses(0.6, 0)]))
    two = read_outcomes(write_run(tmp_path / "b", [guesses(0.6, 1)]))
    assert compare(one, two).conclusion.startswith("No difference is shown")


def test_equal_leads_in_few_repeats_are_no_certainty(tmp_path: Path) -> None:
    """Two repeats, each one image better: whole images can coincide."""
    base = guesses(0.5, 0)
    place = next(n for n, fear in enumerate(base[0]) if (fear > 0.5) != bool(n % 2))
    better = [list(base[0]), list(base[1])]
    better[0][place] = 1 - better[0][place]
    one = read_outcomes(write_run(tmp_path / "a", [better] * 2))
    two = read_outcomes(write_run(tmp_path / "b", [base] * 2))
    found = compare(one, two)
    assert found.leads == pytest.approx([0.005, 0.005])
    assert found.training_p is not None
    assert 0.05 < found.training_p < 1


def test_either_order_gives_the_same_evidence(tmp_path: Path) -> None:
    one = read_outcomes(write_run(tmp_path / "a", [guesses(0.9, 0)]))
    two = read_outcomes(write_run(tmp_path / "b", [guesses(0.5, 1)], movies=7))
    there, back = compare(one, two), compare(two, one)
    assert there.kind == back.kind == "movie"
    low, high = there.difference["accuracy"].low, there.difference["accuracy"].high
    other = back.difference["accuracy"]
    assert (-other.high, -other.low) == pytest.approx((low, high), abs=0.01)
    assert any("group their images differently" in note for note in there.notes)


def test_images_are_paired_by_content_not_by_path(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", [guesses(0.9, 0)])
    two = write_run(tmp_path / "b", [guesses(0.9, 0)])
    for file in [two / "manifest.csv", *two.rglob("predictions_*.csv")]:
        file.write_text(re.sub(r"^(\d)", r"elsewhere/\1", file.read_text(), flags=re.M))
    found = compare(read_outcomes(one), read_outcomes(two))
    assert found.images == 200
    assert found.leads == [0.0]


def test_other_labels_or_no_common_image_are_refused(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", [guesses(0.9, 0)])
    two = write_run(tmp_path / "b", [guesses(0.9, 0)])
    manifest = two / "manifest.csv"
    manifest.write_text(re.sub(r",(\d-\d+),", r",x\1,", manifest.read_text()))
    with pytest.raises(RunError, match="no common test image"):
        compare(read_outcomes(one), read_outcomes(two))
    summary = two / "summary.json"
    summary.write_text(
        summary.read_text().replace('"labels": ["anger", "fear"]', '"labels": ["anger", "joy"]')
    )
    for file in two.rglob("*.csv"):
        file.write_text(file.read_text().replace("fear", "joy"))
    with pytest.raises(RunError, match="the labels differ"):
        compare(read_outcomes(one), read_outcomes(two))


def test_the_command_tells_numbers_tests_and_what_limits_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_run(tmp_path / "one", [guesses(0.9, 0)], movies=10)
    grouped = {**PROTOCOL, "name": "grouped", "by": "movie", "split": None}
    two = write_run(tmp_path / "two", [guesses(0.5, 1)], protocol=grouped, movies=10)
    assert ferkit(monkeypatch, "compare", str(one), str(two)) == 0
    shown = capsys.readouterr().out
    assert "200 images in both" in shown
    assert "95% interval, by movie" in shown
    assert re.search(r"accuracy +\d\d\.\d\d +\d\d\.\d\d +\+\d\d\.\d\d  \+\d+\.\d\d to \+\d+\.\d\d", shown)
    assert "McNemar, repeat 1: right only in first" in shown
    assert "The protocols differ (paper; grouped (movie))" in shown
    assert "test images selected the epoch" not in shown
    assert ferkit(monkeypatch, "compare", str(one), str(two), "--epoch-selection", "best_epoch") == 0
    assert f"{one}: test images selected the epoch" in capsys.readouterr().out
    assert ferkit(monkeypatch, "compare", str(one), str(two), "--epoch-selection", "worst") == 1
    assert (
        "has no predictions of the epoch selection 'worst'. It has: last_epoch, best_epoch"
        in capsys.readouterr().err
    )
