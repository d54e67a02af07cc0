from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.evaluation.metrics.scores import score
from ferkit.evaluation.protocol import Fold
from ferkit.experiment.run_dir import RunDir
from ferkit.interfaces import Epoch, Sample
from tests.builders import LABELS, make_faces

FACES = make_faces(per_class=1)
FOLD = Fold(0, 1, np.arange(0), np.arange(3))


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[RunDir]:
    with RunDir.create(tmp_path, "") as created:
        yield created


def record(run_dir: RunDir, number: int, right: int) -> None:
    """An epoch in which so many of the three faces are right."""
    probabilities = np.full((3, 3), 0.1)
    for row in range(3):
        probabilities[row, row if row < right else (row + 1) % 3] = 0.8
    epoch = Epoch(number, 1.0, 0.5, 1.0, probabilities, 1e-3, 2.0)
    scores = score([face.sample.label for face in FACES], probabilities, LABELS)
    run_dir.record_epoch(FOLD, epoch, scores, FACES, LABELS)


def read_predictions(run_dir: RunDir, which: str) -> list[str]:
    with (run_dir.fold_dir(FOLD) / f"predictions_{which}.csv").open(newline="") as file:
        return [row["predicted"] for row in csv.DictReader(file)]


def test_best_and_last_predictions_are_kept_apart(run_dir: RunDir) -> None:
    for number, right in enumerate((1, 3, 2), start=1):
        record(run_dir, number, right)
    assert read_predictions(run_dir, "best") == list(LABELS)
    assert read_predictions(run_dir, "last") != list(LABELS)


def test_predictions_have_a_probability_column_for_each_label(run_dir: RunDir) -> None:
    record(run_dir, 1, 3)
    lines = (run_dir.fold_dir(FOLD) / "predictions_last.csv").read_text().splitlines()
    assert lines[0] == "path,label,predicted,anger,happiness,neutral"
    assert lines[1] == "anger_0.png,anger,anger,0.8,0.1,0.1"


def test_an_epoch_recorded_again_replaces_itself_and_all_after_it(run_dir: RunDir) -> None:
    for number, right in enumerate((1, 3, 3), start=1):
        record(run_dir, number, right)
    record(run_dir, 2, 2)
    assert [(one.epoch, round(one.accuracy, 2)) for one in run_dir.epoch_scores()] == [(1, 0.33), (2, 0.67)]
    assert read_predictions(run_dir, "best") == read_predictions(run_dir, "last")


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    with RunDir.create(tmp_path, "a") as created:
        record(created, 1, 1)
    with pytest.raises(RunError, match=r"contains a run already.*--resume"):
        RunDir.create(tmp_path, "a")


def test_a_run_that_ended_before_training_leaves_its_folder_free(tmp_path: Path) -> None:
    with RunDir.create(tmp_path, "a") as created:
        created.write_manifest(FACES, [])
        created.write_environment({"torch": "1"})
    with RunDir.create(tmp_path, "b") as again:
        again.write_manifest(FACES[:2], [])
        again.write_environment({"torch": "2"})
        assert again.environment_changes() == []


def test_a_name_that_is_no_utf8_is_kept_as_it_is(run_dir: RunDir) -> None:
    odd = Sample(Path(os.fsdecode(b"caf\xe9.jpg")), "anger")
    run_dir.write_manifest([], [(odd, "truncated")])
    run_dir.write_manifest([], [(odd, "truncated")])
    assert b"caf\xe9.jpg,anger" in (run_dir.path / "manifest.csv").read_bytes()


def test_going_on_with_another_recipe_is_refused_and_shows_the_difference(tmp_path: Path) -> None:
    RunDir.create(tmp_path, "seed = 0\nname = 'x'\n").close()
    with pytest.raises(RunError, match=r"(?s)the recipe has changed.*-seed = 0.*\+seed = 1"):
        RunDir.resume(tmp_path, "seed = 1\nname = 'x'\n")


def test_going_on_where_there_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"Cannot resume .*recipe.toml is missing"):
        RunDir.resume(tmp_path, "")


def test_two_processes_cannot_write_the_same_run(tmp_path: Path) -> None:
    first = RunDir.create(tmp_path, "a")
    with pytest.raises(RunError, match="another ferkit process is using it"):
        RunDir.resume(tmp_path, "a")
    first.close()
    RunDir.resume(tmp_path, "a").close()


def test_other_images_than_the_run_began_with_are_refused(run_dir: RunDir) -> None:
    run_dir.write_manifest(FACES, [])
    run_dir.write_manifest(FACES, [])
    with pytest.raises(RunError, match=r"differ from .*manifest.csv"):
        run_dir.write_manifest(FACES[:2], [(FACES[2].sample, "truncated")])


def test_the_manifest_names_labels_hashes_groups_and_what_was_skipped(run_dir: RunDir) -> None:
    broken = Sample(Path("b.png"), "anger", {"movie": "Hangover", "clip": "Hangover_1"})
    run_dir.write_manifest(FACES[:1], [(broken, "truncated")])
    with (run_dir.path / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["label"], rows[0]["sha256"], rows[0]["box"]) == ("anger", "anger0", "0.0 0.0 24.0 24.0")
    assert rows[1]["groups"] == '{"clip": "Hangover_1", "movie": "Hangover"}'
    assert rows[1]["problem"] == "truncated"


def test_another_version_than_the_run_began_under_is_said(run_dir: RunDir) -> None:
    run_dir.write_environment({"torch": "1", "threads": 2})
    assert run_dir.environment_changes() == []
    for torch in ("2", "1", "2"):
        run_dir.write_environment({"torch": torch, "threads": 2})
    assert run_dir.environment_changes() == ["Resumed under another torch: 2, started under 1"]
    assert json.loads((run_dir.path / "environment.json").read_text())["torch"] == "1"


def test_a_finished_fold_keeps_no_state_to_go_on_from(run_dir: RunDir) -> None:
    run_dir.fold_dir(FOLD).mkdir(parents=True)
    run_dir.state_file(FOLD).write_bytes(b"state")
    assert run_dir.finished(FOLD) is None
    run_dir.finish_fold(FOLD, {"parameters": None})
    assert run_dir.finished(FOLD) == {"parameters": None}
    assert not run_dir.state_file(FOLD).exists()


def test_a_value_that_one_start_lacks_is_named_in_words(run_dir: RunDir) -> None:
    run_dir.write_environment({"gpu": "A100", "number of processes": 2})
    run_dir.write_environment({"gpu": None, "number of processes": None})
    first, second = run_dir.environment_changes()
    assert ("gpu: none" in first, "under A100" in first) == (True, True)
    assert ("number of processes: 1" in second, "under 2" in second) == (True, True)
