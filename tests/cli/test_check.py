"""`ferkit check` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.answer import Ferkit
from tests.conftest import Install

RECIPE = """
name = "small"
plugins = ["tests.plugins_for_tests.parts_plugin"]
data = { name = "folder", root = "." }
detector = { name = "odd" }
loss = { name = "counting" }

[model]
backbone = { name = "pretrained" }
head = { name = "pooling" }
output = { name = "anything" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(RECIPE)
    return file


def test_a_recipe_without_problem_shows_what_it_would_use(ferkit: Ferkit, file: Path) -> None:
    answer = ferkit("check", file)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        "small: no problem found",
        "  folder -> odd -> pretrained -> pooling -> anything, loss counting",
    ]


def test_a_normalisation_that_the_weights_were_not_trained_with_is_noted(ferkit: Ferkit) -> None:
    backbone = 'model.backbone={name="timm", model="test_resnet"}'
    answer = ferkit("check", "quickstart", "--set", backbone, "--set", "model.normalize=facenet")
    assert answer.returncode == 0
    assert "note: model.normalize is facenet" in answer.stdout
    assert (
        "note:"
        not in ferkit("check", "quickstart", "--set", backbone, "--set", "model.normalize=pretrained").stdout
    )


def test_an_estimator_stands_for_the_whole_network(ferkit: Ferkit, file: Path) -> None:
    answer = ferkit("check", file, "--set", 'estimator={ name = "constant" }')
    assert answer.stdout.splitlines()[1] == "  folder -> odd -> estimator constant"


def test_all_problems_are_told_at_once_and_no_traceback(ferkit: Ferkit, file: Path) -> None:
    settings = "fit.epoch=3 loss.name=countin model.head.dropuot=1 fit.epochs=x data.root=nowhere"
    answer = ferkit("check", file, *(part for setting in settings.split() for part in ("--set", setting)))
    assert (answer.returncode, answer.stdout) == (2, "")
    told = answer.stderr.splitlines()
    assert told[0] == f"{file}: 5 problems"
    starts = [
        "  fit.epoch: fit has no key 'epoch'. Did you mean 'epochs'?",
        "  loss.name: no loss is called 'countin'. Did you mean 'counting'?",
        "  model.head.dropuot: head 'pooling' has no option 'dropuot'. Did you mean 'dropout'?",
        '  fit.epochs: expected a whole number, got "x" (a string)',
        "  data: there is no folder nowhere; ask its makers for the data",
    ]
    assert all(any(line.startswith(start) for line in told) for start in starts)
    assert len(told) == 6


def problems(ferkit: Ferkit, *settings: str) -> str:
    """Return what a check of the quickstart with other settings tells."""
    answer = ferkit("check", "quickstart", *(part for one in settings for part in ("--set", one)))
    assert (answer.returncode, answer.stdout) == (2, "")
    return answer.stderr


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ('fit.schedule={name="onecycle"}', "one_cycle"),
        ("fit.optimizer.name=Adam-W", "adamw"),
        ("protocol.name=Nested", "nested"),
        ("model.normalize=ImageNet", "imagenet"),
        ("faces.no_face=wholeImage", "whole_image"),
        ("fit.BatchSize=4", "batch_size"),
        ("loss.name=LabelSmoothing", "label_smoothing"),
        ('model.head={name="multiscale", combine="Flat-ten"}', "flatten"),
        ('augment=[{name="horizontal_flip"}]', "HorizontalFlip"),
    ],
)
def test_a_suggestion_ignores_case_underscores_and_hyphens(ferkit: Ferkit, setting: str, meant: str) -> None:
    assert f"Did you mean {meant!r}?" in problems(ferkit, setting)


TIMM = "model.backbone.model=resnet1000"
NO_TIMM = "timm has no model 'resnet1000'"


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ("fit.epoch=3", "fit has no key 'epoch'"),
        ("model.image_sise=96", "model has no key 'image_sise'"),
        ("name=3", "name: expected a string"),
        ("data.nam=x", "has no option 'nam'"),
        ("loss.name=focl", "no loss is called 'focl'"),
        ("loss.epsilon=2.0", "epsilon: expected a fraction"),
        ("model.head.nam=x", "has no option 'nam'"),
        ('model.output={name="output_mixup", variant="probability", initial=2.0}', "initial: expected"),
        ("model.initial=nowhere", "there is no file nowhere"),
        ('protocol={name="grouped", split="nowhere"}', "nowhere"),
        ('grid={"fit.epochs"=[1]}', 'requires the protocol "nested"'),
        ('plugins=["no_such_module"]', "No module named 'no_such_module'"),
    ],
)
def test_what_only_building_finds_is_told_with_every_other_problem(
    ferkit: Ferkit, other: str, problem: str
) -> None:
    told = problems(ferkit, TIMM, other)
    assert told.startswith("quickstart: 2 problems\n")
    assert NO_TIMM in told
    assert problem in told


def test_what_building_the_head_finds_is_told_where_the_backbone_is_sound(ferkit: Ferkit) -> None:
    settings = ("model.image_sise=96", 'model.head={name="linear", stage="stage7"}', "protocol.fold=2")
    told = problems(ferkit, *settings)
    assert told.startswith("quickstart: 3 problems\n")
    assert "the backbone has no stage 'stage7'" in told


def test_problems_of_a_grids_candidates_are_told_with_the_recipes_own(ferkit: Ferkit) -> None:
    grid = 'grid={"model.backbone.model"=["resnet10t", "resnet1000"]}'
    settings = ("protocol.name=nested", "fit.epoch=3", grid)
    told = problems(ferkit, *settings)
    assert told.startswith("quickstart: 2 problems\n")
    assert "(grid: model.backbone.model = resnet1000)" in told


def test_a_missing_plugin_is_one_problem_that_names_what_it_would_have_provided(ferkit: Ferkit) -> None:
    settings = (
        'plugins=["no_such_module"]',
        'loss={name="label_smoothing2"}',
        'model.head={name="theirs"}',
        'model.backbone={name="inception_resnet_v1", weights="their_faces"}',
    )
    told = problems(ferkit, *settings)
    assert told.startswith("quickstart: 1 problem\n")
    assert "plugins: no_such_module" in told
    for component in ("loss 'label_smoothing2' (or 'label_smoothing'?)", "head 'theirs'", "'their_faces'"):
        assert component in told


def test_an_installed_plugin_that_is_broken_is_one_problem_too(ferkit: Ferkit, install: Install) -> None:
    install("broken_plugin", "import no_such_module", distribution="broken-plugin")
    both = ('loss={name="theirs"}', 'model.head={name="theirs"}')
    told = problems(ferkit, *both)
    assert told.startswith("quickstart: 1 problem\n")
    assert "broken_plugin (broken-plugin 1.2): it can't be imported" in told
    assert "Unknown without it: head 'theirs', loss 'theirs'" in told
    misspelt = problems(ferkit, *both, "detector.name=whole_imag")
    assert misspelt.startswith("quickstart: 2 problems\n")
    assert "Did you mean 'whole_image'?" in misspelt
