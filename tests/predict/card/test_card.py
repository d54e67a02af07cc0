"""A card says what the run's files say, and the Hub's library reads it back."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from ferkit.experiment.run import RunRequest
from ferkit.experiment.run import run as run_request
from ferkit.predict.card.facts import Facts, gather
from ferkit.predict.card.render import card_file, render_card, write_card
from ferkit.predict.model.export import export_model
from ferkit.predict.model.load import load_network
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.load import load_recipe
from tests.predict.drawn import describe, write_model
from tests.predict.trained import train_squares

SETTINGS = ["fit.epochs=1", "protocol.repeats=1", "protocol.name=nested", "data.per_class=8"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose epoch validation images chose."""
    return train_squares(tmp_path_factory.mktemp("trained"), SETTINGS)


def card_of(run_dir: Path, file: Path, licence: str = "unknown") -> ModelCard:
    made = export_model(run_dir, file)
    return ModelCard.load(write_card(gather(made.file, made.loaded, licence)))


def summary_of(run_dir: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    return summary


def test_the_hubs_library_reads_the_runs_scores_from_the_front_matter(trained: Path, tmp_path: Path) -> None:
    data = card_of(trained, tmp_path / "m.safetensors", "mit").data
    assert (data.license, data.library_name, data.model_name) == ("mit", "ferkit", "m")
    assert (data.datasets, data.pipeline_tag) == (["squares"], "image-classification")
    assert data.tags == ["ferkit", "facial-expression-recognition", "tiny"]
    (scores,) = summary_of(trained)["scores"].values()
    found = {one.metric_type: one for one in data.eval_results}
    assert list(found) == data.metrics == ["accuracy", "recall", "f1", "nll", "ece"]
    for kind, metric in {
        "accuracy": "accuracy",
        "recall": "mean_recall",
        "f1": "macro_f1",
        "ece": "ece",
    }.items():
        assert found[kind].metric_value == pytest.approx(scores[metric], abs=5e-5)
    one = found["recall"]
    assert (one.dataset_name, one.dataset_config, one.dataset_split) == ("squares", "nested", "test")
    assert one.metric_args == {"average": "macro"}


def test_the_text_has_the_runs_numbers_class_by_class(trained: Path, tmp_path: Path) -> None:
    text = card_of(trained, tmp_path / "m.safetensors").text
    summary = summary_of(trained)
    (scores,) = summary["scores"].values()
    assert f"| accuracy | {100 * scores['accuracy']:.2f}% |" in text
    for one in scores["classes"]:
        assert f"| {one['label']} | {100 * one['recall']:.1f}% | {100 * one['precision']:.1f}% | 8 |" in text
        assert f"| {one['label']} | {summary['data']['per_class'][one['label']]} |" in text
    assert f"whose own accuracy on its test images was {100 * scores['folds'][0][0]:.2f}%" in text
    assert "means over the 2 networks of the run" in text
    assert f"| ECE after the temperature | {scores['calibrated']['ece']:.3f} | - |" in text
    assert f"| parameters | {summary['parameters']['total']} |" in text
    assert "different images, those of its initial network included" in text


def test_the_law_and_the_science_are_named(trained: Path, tmp_path: Path) -> None:
    text = " ".join(card_of(trained, tmp_path / "m.safetensors").text.split())
    assert "Article 5(1)(f)" in text
    assert "Annex III, point 1(c)" in text
    assert "Article 50(3)" in text
    assert "Barrett et al. 2019" in text


def test_the_recipe_stands_in_it_without_the_folders_of_the_machine(trained: Path, tmp_path: Path) -> None:
    text = card_of(trained, tmp_path / "m.safetensors").text
    assert str(trained.parent) not in text
    shown = tomllib.loads(text.split("```toml\n")[1].split("```")[0])
    assert shown["data"]["root"] == ".../images"
    assert shown["fit"]["epochs"] == 1


def test_every_warning_of_the_run_and_every_licence_of_its_weights_is_told(
    trained: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(trained, tmp_path / "run"))
    weights = [{"name": "w", "trained_on": "some | faces", "licence": "research only"}]
    changed = summary_of(trained) | {"warnings": ["3 images are copies"], "weights": weights}
    (copied / "summary.json").write_text(json.dumps(changed))
    text = card_of(copied, tmp_path / "m.safetensors").text
    assert "- 3 images are copies\n" in text
    assert "| w | some \\| faces | research only |" in text


def test_a_score_that_test_images_chose_bears_the_mark(trained: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(trained, tmp_path / "run"))
    changed = summary_of(trained)
    for score in changed["scores"].values():
        score["selected_on_test"] = True
    (copied / "summary.json").write_text(json.dumps(changed))
    card = card_of(copied, tmp_path / "m.safetensors")
    assert "**These scores are optimistic, because" in card.text
    assert all("optimistic" in one.metric_name for one in card.data.eval_results)


def test_the_honest_reading_goes_before_the_one_that_test_images_chose(tmp_path: Path) -> None:
    scores = {
        "best_epoch": {"title": "Best", "selected_on_test": True, "accuracy": 0.9},
        "last_epoch": {"title": "Last", "selected_on_test": False, "accuracy": 0.7},
    }
    file = tmp_path / "m.onnx"
    file.write_bytes(b"")
    facts = Facts(file, describe(metrics={"protocol": "paper", "scores": scores}), 1)
    assert facts.main["accuracy"] == 0.7
    card = render_card(facts)
    assert "- Best: accuracy 90.00%" in card
    assert card.count("ptimistic") == 1
    assert card.index("70.00%") < card.index("ptimistic") < card.index("90.00%")


def test_of_a_file_without_its_run_what_is_not_known_is_not_measured(tmp_path: Path) -> None:
    source = write_model(tmp_path / "m.safetensors")
    card = card_of(source, tmp_path / "other.safetensors")
    assert card.data.eval_results is None
    assert card.data.license == "unknown"
    assert "over all: not measured" in card.text
    assert "between them: not measured" in card.text
    assert "This network was trained on 1 different" in card.text


def test_of_a_run_that_is_not_finished_no_score_is_told(trained: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(trained, tmp_path / "run"))
    (copied / "summary.json").unlink()
    card = card_of(copied, tmp_path / "m.safetensors")
    assert card.data.eval_results is None
    assert "over all: not measured" in card.text


def test_a_card_is_named_after_its_file_and_one_format_leaves_that_of_another(tmp_path: Path) -> None:
    assert card_file(tmp_path / "m.onnx").name == "m.onnx.card.md"
    assert card_file(tmp_path / "m.safetensors").name == "m.safetensors.card.md"


def test_a_bar_in_a_class_name_ends_no_fold(tmp_path: Path) -> None:
    source = write_model(tmp_path / "m.safetensors")
    classes = [{"label": "a|b", "recall": 0.5, "precision": 0.25, "images": 2}]
    score = {"title": "Last", "selected_on_test": False, "accuracy": 0.5, "classes": classes}
    loaded = load_network(source)
    known = describe(metrics={"data": "d", "protocol": "paper", "scores": {"last_epoch": score}})
    facts = Facts(source, known, 1)
    assert loaded.run is None
    assert "| a\\|b | 50.0% | 25.0% | 2 |" in render_card(facts)


@pytest.mark.parametrize("is_demo", [True, False])
def test_of_a_model_file_it_is_told_whether_it_learnt_from_drawn_faces(tmp_path: Path, is_demo: bool) -> None:
    source = write_model(tmp_path / "m.safetensors", metrics={"demo": is_demo})
    text = card_of(source, tmp_path / "other.safetensors").text
    assert ("It was trained on drawn faces" in text) == is_demo


def test_the_command_in_it_can_be_typed_whatever_the_file_is_called(tmp_path: Path) -> None:
    source = write_model(tmp_path / "m.safetensors")
    text = card_of(source, tmp_path / "my model.safetensors").text
    assert "ferkit predict photo.jpg --model 'my model.safetensors'\n" in text


def test_the_card_of_all_folds_says_that_the_score_is_of_single_networks(
    trained: Path, tmp_path: Path
) -> None:
    made = export_model(trained, tmp_path / "all.pt2", WhichNetwork(fold="all"))
    facts = gather(made.file, made.loaded)
    card = render_card(facts)
    assert "no score of its own" in card
    assert "2 networks, one for each fold" in card
    one = gather(made.file, load_network(trained))
    assert facts.parameters == 2 * one.parameters
    assert "no score of its own" not in render_card(one)
    assert facts.fitted.count(", ") == 1
    (accuracy,) = (r for r in ModelCard(card).data.eval_results if r.metric_type == "accuracy")
    assert "folds" in accuracy.metric_name


def test_the_card_of_a_refit_network_says_that_its_score_is_that_of_the_folds(tmp_path: Path) -> None:
    run = train_squares(tmp_path, [*SETTINGS, "fit.epochs=2"])
    checked, registry = load_recipe(str(tmp_path / "squares.toml"), [*SETTINGS, "fit.epochs=2"])
    run_request(RunRequest(checked, registry, run, is_resumed=True, has_refit=True))
    made = export_model(run, tmp_path / "m.safetensors")
    facts = gather(made.file, made.loaded)
    card = render_card(facts)
    assert "no score of its own" in card
    assert "trained on 16 different images" in card
    (accuracy,) = (one for one in ModelCard(card).data.eval_results if one.metric_type == "accuracy")
    assert "folds" in accuracy.metric_name
    assert accuracy.metric_value == pytest.approx(facts.main["accuracy"], abs=5e-5)
