"""From a run's predictions to its scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.evaluation.metrics.scores import score
from ferkit.evaluation.scores import evaluate
from tests.run_folders import LABELS, PROTOCOL, write_run

# Images are anger, fear by turns: fold 0 has 3 of 4 right, fold 1 one of 2; the second repeat all.
FIRST = [(0.1, 0.9, 0.2, 0.4), (0.8, 0.9)]
SECOND = [(0.1, 0.9, 0.2, 0.6), (0.2, 0.9)]


def test_folds_are_averaged_in_a_repeat_and_repeats_in_the_run(tmp_path: Path) -> None:
    write_run(tmp_path, [FIRST, SECOND])
    last = evaluate(tmp_path, PROTOCOL, LABELS)["last_epoch"]
    assert last["folds"] == [[0.75, 0.5], [1.0, 1.0]]
    assert last["repeats"] == [0.625, 1.0]
    assert last["accuracy"] == pytest.approx(0.8125)
    assert last["deviation"] == pytest.approx(np.std([0.625, 1.0], ddof=1))


def test_scores_of_probabilities_are_those_of_the_files(tmp_path: Path) -> None:
    write_run(tmp_path, [FIRST])
    last = evaluate(tmp_path, PROTOCOL, LABELS)["last_epoch"]
    nlls = [-np.log([0.9, 0.9, 0.8, 0.4]).mean(), -np.log([0.2, 0.9]).mean()]
    assert last["nll"] == pytest.approx(np.mean(nlls), abs=1e-6)
    assert last["confusion"] == [[2, 1], [1, 2]]
    assert [one["recall"] for one in last["classes"]] == pytest.approx([2 / 3, 2 / 3])


def test_only_readings_chosen_on_test_images_say_so(tmp_path: Path) -> None:
    write_run(tmp_path, [FIRST])
    found = evaluate(tmp_path, PROTOCOL, LABELS)
    marks = {key: one["selected_on_test"] for key, one in found.items()}
    assert marks == {"best_epoch": True, "best_common_epoch": True, "last_epoch": False}
    write_run(tmp_path / "nested", [FIRST], watched="validation")
    nested = evaluate(tmp_path / "nested", {**PROTOCOL, "choose_by": "accuracy"}, LABELS)
    assert {key: one["selected_on_test"] for key, one in nested.items()} == {"chosen_epoch": False}


def test_the_temperature_of_validation_images_softens_the_test_images_only_beside(tmp_path: Path) -> None:
    write_run(tmp_path, [FIRST], watched="validation")
    chosen = evaluate(tmp_path, {**PROTOCOL, "choose_by": "accuracy"}, LABELS)["chosen_epoch"]
    by_hand = []
    for fears in map(np.array, FIRST):
        odds = np.sqrt(fears / (1 - fears))  # a temperature of 2
        softened = np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)
        by_hand.append(score(["anger", "fear"] * (len(fears) // 2), softened, LABELS).nll)
    assert chosen["calibrated"]["nll"] == pytest.approx(np.mean(by_hand), abs=1e-4)
    assert chosen["accuracy"] == 0.625
    assert chosen["choices"][0][1]["temperature"] == 2.0


def test_intervals_are_by_image_and_by_group_where_there_are_groups(tmp_path: Path) -> None:
    fears = [tuple(np.random.default_rng(0).random(40)), tuple(np.random.default_rng(1).random(40))]
    write_run(tmp_path / "a", [fears], movies=5)
    found = evaluate(tmp_path / "a", PROTOCOL, LABELS)["last_epoch"]
    assert found["clusters"] == {"movie": 5, "image": 80}
    assert list(found["intervals"]) == ["movie", "image"]
    for one in found["intervals"].values():
        assert one["accuracy"][0] <= found["accuracy"] <= one["accuracy"][1]
    write_run(tmp_path / "b", [fears])
    assert list(evaluate(tmp_path / "b", PROTOCOL, LABELS)["last_epoch"]["intervals"]) == ["image"]


def test_a_kind_of_which_too_few_groups_are_tested_is_not_drawn(tmp_path: Path) -> None:
    fears = [tuple(np.random.default_rng(0).random(40)), tuple(np.random.default_rng(1).random(40))]
    write_run(tmp_path, [fears], movies=4)
    assert list(evaluate(tmp_path, PROTOCOL, LABELS)["last_epoch"]["intervals"]) == ["image"]


def test_predictions_of_another_epoch_than_the_one_that_is_meant_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "a", [FIRST])
    metrics = tmp_path / "a" / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace('"accuracy": 0.75', '"accuracy": 0.5'))
    with pytest.raises(RunError, match=r"predictions_last\.csv is not of epoch 2"):
        evaluate(tmp_path / "a", PROTOCOL, LABELS)
    write_run(tmp_path / "b", [FIRST], watched="validation")
    choice = tmp_path / "b" / "folds" / "repeat0_fold1" / "choice.json"
    choice.write_text(choice.read_text().replace('"epoch": 1', '"epoch": 2'))
    with pytest.raises(RunError, match=r"repeat0_fold1/predictions_test\.csv is not of epoch 1"):
        evaluate(tmp_path / "b", PROTOCOL, LABELS)


def test_a_repeat_that_lacks_a_fold_is_told(tmp_path: Path) -> None:
    write_run(tmp_path, [FIRST, SECOND])
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-2]))
    with pytest.raises(RunError, match="not every repeat has every fold"):
        evaluate(tmp_path, PROTOCOL, LABELS)


def test_repeats_of_an_image_are_no_further_evidence(tmp_path: Path) -> None:
    fears = [tuple(np.random.default_rng(0).random(100)), tuple(np.random.default_rng(1).random(100))]
    write_run(tmp_path / "once", [fears])
    write_run(tmp_path / "thrice", [fears] * 3)
    once, thrice = (
        evaluate(tmp_path / name, PROTOCOL, LABELS)["last_epoch"]["intervals"]["image"]["accuracy"]
        for name in ("once", "thrice")
    )
    assert thrice == pytest.approx(once, abs=0.01)


def test_predictions_in_another_order_of_labels_are_noticed(tmp_path: Path) -> None:
    wrong = [tuple(0.9 if number % 2 == 0 else 0.1 for number in range(40))] * 2
    write_run(tmp_path, [wrong])
    found = evaluate(tmp_path, PROTOCOL, LABELS)["last_epoch"]
    assert found["permuted"] == {"anger": "fear", "fear": "anger"}
