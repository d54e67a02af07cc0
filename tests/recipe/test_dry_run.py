"""Faults in the values of options, found before any image is read and without weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.dry_run import try_network
from ferkit.recipe.load import load_recipe

INCEPTION = 'model.backbone={name="inception_resnet_v1", weights="vggface2"}'
FLATTEN = 'model.head={name="multiscale", combine="flatten", map_size=9}'


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


@pytest.mark.parametrize("stage", ["stage1", "stage4"])
def test_a_timm_model_that_is_frozen_up_to_a_stage_is_no_problem(stage: str) -> None:
    recipe, _ = load_recipe("quickstart", [f"model.backbone.freeze={stage}"])
    assert recipe.model.backbone.options["freeze"] == stage


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ([INCEPTION, "model.backbone.freeze=al"], "no stage is called 'al'. Did you mean 'all'?"),
        ([INCEPTION, "model.backbone.dropout=2.0"], "dropout: expected a fraction from 0 up to 1, got 2.0"),
        (["model.head.stage=stage7"], "stage: the backbone has no stage 'stage7'. Did you mean 'stage"),
        (["model.backbone.model=resnet10x"], "resnet10x"),
        (["loss.epsilon=2.0"], "loss: loss 'label_smoothing' of ferkit_losses"),
        (['loss={name="focal", gamma=-1.0}'], "gamma: expected a number of at least 0, got -1.0"),
        (['model.output={name="output_mixup", variant="probability", initial=2.0}'], "initial: expected"),
        ([INCEPTION, "model.image_size=64"], "takes images of 75 pixels and more, got 64 by 64"),
        ([INCEPTION, "model.image_size=96", "fit.batch_size=1"], "the network can't train on 1 image of 96"),
        (
            [INCEPTION, "model.image_size=160", FLATTEN],
            "map_size = 9, but block8 gives maps of 3 by 3",
        ),
    ],
)
def test_a_value_that_can_not_work_is_a_problem_of_the_recipe(overrides: list[str], problem: str) -> None:
    with pytest.raises(RecipeError) as raised:
        load_recipe("quickstart", overrides)
    (found,) = raised.value.problems
    assert problem in str(found)


def test_what_a_trial_finds_is_told_with_what_else_is_wrong() -> None:
    with pytest.raises(RecipeError) as raised:
        load_recipe("quickstart", ["loss.epsilon=2.0", 'detector.name="mtcn"', "data.per_class=0"])
    assert {problem.where for problem in raised.value.problems} == {"loss", "detector.name", "data"}


def test_problems_of_loss_and_network_are_told_together() -> None:
    with pytest.raises(RecipeError) as raised:
        load_recipe("quickstart", ["loss.epsilon=2.0", "model.head.dropout=3.0"])
    assert [problem.where for problem in raised.value.problems] == ["loss", "model"]


@pytest.mark.parametrize("size", [75, 160, 350])
def test_what_works_has_no_problem_and_fetches_nothing(size: int, tmp_path: Path) -> None:
    load_recipe("quickstart", [INCEPTION, f"model.image_size={size}", 'model.head={name="multiscale"}'])
    assert list(tmp_path.iterdir()) == []


def test_a_neutral_class_of_another_name_is_judged_by_the_datas_own_labels() -> None:
    mixup = 'model.output={name="output_mixup", neutral="calm"}'
    recipe, registry = load_recipe("quickstart", [mixup])
    assert try_network(recipe, registry, ["calm", "cross"]) == []
    (problem,) = try_network(recipe, registry, ["anger", "neutral"])
    assert "no label is called 'calm'; the labels are anger, neutral" in str(problem)


def test_what_an_estimators_constructor_refuses_is_told() -> None:
    overrides = [
        'plugins=["tests.plugins_for_tests.tiny_plugin"]',
        'estimator={name="majority", confidence=3.0}',
    ]
    with pytest.raises(RecipeError, match=r"confidence: expected a fraction up to 1, got 3\.0"):
        load_recipe("quickstart", overrides)


def test_models_that_an_estimator_opens_must_be_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "empty").mkdir(parents=True)
    trained = tmp_path / "runs" / "trained" / "folds" / "repeat0_fold0"
    trained.mkdir(parents=True)
    (trained / "model.safetensors").touch()
    stages = {name: ["logits"] for name in ("runs/trained", "default", "runs/none", "runs/empty")}
    models = ", ".join(f'"{name}" = {of}' for name, of in stages.items())
    with pytest.raises(RecipeError) as raised:
        load_recipe("quickstart", [f'estimator={{name="kernel_ridge", models={{{models}}}}}'])
    found = [(problem.where, str(problem).split(": ")[1]) for problem in raised.value.problems]
    assert found == [("estimator.models", "runs/none"), ("estimator.models", "runs/empty")]


def test_an_estimator_has_no_network_to_try() -> None:
    overrides = [
        'plugins=["tests.plugins_for_tests.tiny_plugin"]',
        'estimator={name="majority"}',
        "loss.epsilon=2.0",
    ]
    recipe, registry = load_recipe("quickstart", overrides)
    assert try_network(recipe, registry) == []
