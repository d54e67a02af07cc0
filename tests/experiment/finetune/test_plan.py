"""The recipe that a folder is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ferkit.components.part import Part
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError, FerkitError, RecipeError, RunError
from ferkit.experiment.finetune.plan import FinetuneOptions, make_plan
from ferkit.experiment.finetune.recipe_file import OTHER_CLASSES
from ferkit.experiment.finetune.start_from import find_beginning
from ferkit.neural.checkpoint import save_network
from ferkit.neural.options import Model
from ferkit.recipe.load import load_recipe
from ferkit.runtime.shipped import read_template
from ferkit.testing.drawing import draw_folders
from tests.predict.drawn import PLUGIN, describe, write_model

TINY = (
    'plugins=["tests.plugins_for_tests.tiny_plugin"]',
    'model.backbone={name="tiny"}',
    'model.head={name="linear"}',
)


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))
    draw_folders(tmp_path / "faces", ("happy", "sad"), 8)
    return Path("faces")


def test_what_is_written_loads_to_the_recipe_that_will_be_run(faces: Path) -> None:
    plan = make_plan(FinetuneOptions(faces, detector="whole_image", overrides=TINY))
    assert plan.file == Path("finetune-faces/recipe.toml")
    recipe, _ = load_recipe(str(plan.file))
    assert recipe == plan.recipe
    assert (recipe.protocol.name, recipe.faces.duplicates, recipe.faces.unreadable) == (
        "nested",
        "drop",
        "skip",
    )
    assert (recipe.fit.epochs, recipe.fit.batch_size, recipe.model.backbone.name) == (28, 8, "tiny")


def test_every_part_of_the_file_has_a_line_on_what_it_does(faces: Path) -> None:
    lines = make_plan(FinetuneOptions(faces, detector="whole_image")).file.read_text().splitlines()
    for head in ("[data]", "[detector]", "[faces]", "[model]", "[fit]", "[protocol]"):
        assert lines[lines.index(head) - 1].startswith("# "), head
    assert lines[lines.index("[[augment]]") - 1].startswith("# ")
    assert "#   ferkit run finetune-faces/recipe.toml" in lines


def test_a_pattern_makes_groups_and_keeps_them_apart(faces: Path) -> None:
    plan = make_plan(
        FinetuneOptions(faces, group_pattern=r".+_(?P<person>\d)", detector="whole_image", overrides=TINY)
    )
    assert plan.recipe.protocol.name == "grouped"
    assert not any("--group-pattern" in line for line in plan.told)


def test_without_a_pattern_it_is_said_what_that_may_do_to_the_score(faces: Path) -> None:
    assert (
        "--group-pattern"
        in make_plan(FinetuneOptions(faces, detector="whole_image", overrides=TINY)).told[-1]
    )


def test_a_protocol_that_is_asked_for_is_taken(faces: Path) -> None:
    overrides = (*TINY, "protocol.name=paper", "protocol.folds=3")
    plan = make_plan(FinetuneOptions(faces, detector="whole_image", overrides=overrides))
    assert (plan.recipe.protocol.name, plan.recipe.protocol.model_dump()["folds"]) == ("paper", 3)


def test_epochs_and_batches_that_are_asked_for_are_taken(faces: Path) -> None:
    overrides = (*TINY, "fit.batch_size=3")
    plan = make_plan(FinetuneOptions(faces, detector="whole_image", epochs=2, overrides=overrides))
    assert (plan.recipe.fit.epochs, plan.recipe.fit.batch_size) == (2, 3)
    assert load_recipe(str(plan.file))[0] == plan.recipe


def test_a_detector_may_be_a_table(faces: Path) -> None:
    plan = make_plan(FinetuneOptions(faces, detector='{name="mtcnn", min_face_size=16}', overrides=TINY))
    assert (plan.recipe.detector.name, plan.recipe.detector.options) == ("mtcnn", {"min_face_size": 16})
    assert load_recipe(str(plan.file))[0] == plan.recipe


def test_weights_that_are_not_here_are_said_to_be_fetched(faces: Path) -> None:
    told = make_plan(FinetuneOptions(faces, begin="vggface2", detector="whole_image")).told
    (line,) = [line for line in told if "vggface2" in line]
    assert line.startswith("backbone: weights vggface2 (not here yet, the run downloads them)")
    assert "licence: MIT" in line


def test_a_model_of_the_same_classes_is_gone_on_from_with_its_detector_and_size(
    faces: Path, tmp_path: Path
) -> None:
    model = write_model(
        tmp_path / "m.safetensors", labels=("happiness", "sadness"), faces=FaceOptions(margin=0.25)
    )
    plan = make_plan(FinetuneOptions(faces, begin=str(model)))
    assert plan.recipe.model.initial == model
    assert (plan.recipe.model.image_size, plan.recipe.detector.name) == (24, "spots")
    assert (plan.recipe.faces.margin, plan.recipe.plugins) == (0.25, (PLUGIN,))
    assert f"network: initialised from {model}" in plan.told


def test_an_output_that_names_classes_is_kept_where_they_are_the_datas(faces: Path, tmp_path: Path) -> None:
    labels = ("happiness", "sadness")
    output = Part(name="logit_adjustment", prior={"happiness": 0.7, "sadness": 0.3})
    shown = describe().model.model_copy(update={"output": output})
    model = write_model(tmp_path / "m.safetensors", labels=labels, model=shown)
    started = make_plan(FinetuneOptions(faces, begin=str(model))).recipe.model
    assert (started.output, started.initial_part) == (output, None)


def test_of_a_model_of_other_classes_the_backbone_is_taken_and_the_head_begins_anew(
    faces: Path, tmp_path: Path
) -> None:
    shown = describe().model.model_copy(update={"output": Part(name="temperature")})
    model = write_model(tmp_path / "m.safetensors", model=shown, faces=FaceOptions(margin=0.25))
    plan = make_plan(FinetuneOptions(faces, begin=str(model)))
    started = plan.recipe.model
    assert (started.initial, started.initial_part, started.output.name) == (model, "backbone", "identity")
    assert (started.image_size, plan.recipe.faces.margin) == (24, 0.25)
    begin = f"backbone: initialised from {model}; the head is new"
    (told,) = [line for line in plan.told if line.startswith(begin)]
    assert told.endswith("that network has other labels: anger, happiness, neutral")
    assert f"# {OTHER_CLASSES}" in plan.file.read_text().splitlines()
    assert load_recipe(str(plan.file))[0] == plan.recipe


def test_what_is_asked_for_goes_before_what_a_model_of_other_classes_has(faces: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.safetensors")
    asked = ('model.head={name="prototype"}', 'model.output={name="temperature"}')
    started = make_plan(FinetuneOptions(faces, begin=str(model), overrides=asked)).recipe.model
    assert (started.head.name, started.output.name) == ("prototype", "temperature")


def test_what_a_model_began_with_is_not_fetched_again() -> None:
    model = find_beginning("default").sections["model"]
    assert (model["backbone"]["weights"], model["backbone"]["last_stage"]) == ("none", "mixed_6a")
    assert "freeze" not in model["backbone"]


def test_weights_that_a_networks_shape_depends_on_are_taken_all_the_same(tmp_path: Path) -> None:
    backbone = Part(name="inception_resnet_v1", weights="msceleb1m", last_stage="conv2d_4b")
    known = describe(model=Model(normalize="facenet", backbone=backbone), plugins=())
    save_network(tmp_path / "m.safetensors", {}, known.labels, description=known.as_table())
    model = find_beginning(str(tmp_path / "m.safetensors")).sections["model"]
    assert model["backbone"]["weights"] == "msceleb1m"


@pytest.mark.parametrize(
    ("wish", "error", "message"),
    [
        ({"folder": Path("nowhere")}, DataError, "nowhere does not exist. Expected a folder with one folder"),
        ({"folder": Path("faces/sad/sad_0.png")}, DataError, "sad_0.png is a file"),
        ({"folder": Path("faces/sad")}, RecipeError, "two classes"),
        ({"detector": "mtcn"}, RecipeError, "Did you mean 'mtcnn'"),
        ({"begin": "vggface3"}, RunError, "hf://USER/NAME, or weights: casia"),
        ({"begin": "retinaface"}, RunError, "--from retinaface: expected a run folder"),
        ({"group_pattern": "("}, RecipeError, "regular expression"),
        ({"group_pattern": "(?P<person>x)"}, DataError, "the dataset has no groups"),
        ({"overrides": ("fit.epoch=3",)}, RecipeError, "fit.epoch"),
        (
            {"out": Path("faces")},
            RunError,
            "faces exists already and was not changed. Use another --out.",
        ),
        ({"detector": "{min_face_size=40}"}, RunError, "Expected a name"),
        (
            {"overrides": ('estimator={name="svm"}',)},
            RunError,
            "--set estimator: 'svm' has no network that could be exported",
        ),
        ({"out": Path("faces/made")}, RunError, "faces/made is inside faces or a folder linked"),
        ({"folder": Path(".")}, RunError, "Use another folder: --out"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    faces: Path, wish: dict[str, object], error: type[FerkitError], message: str
) -> None:
    before = sorted(os.listdir())
    known = {"folder": faces, "detector": "whole_image", **wish}
    with pytest.raises(error) as caught:
        make_plan(FinetuneOptions(**known))  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert sorted(os.listdir()) == before


def test_a_place_that_a_link_among_the_images_leads_to_is_refused(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (faces / "sad" / "more").symlink_to(tmp_path / "more")
    with pytest.raises(RunError, match="more/made is inside faces or a folder linked there"):
        make_plan(FinetuneOptions(faces, detector="whole_image", overrides=TINY, out=Path("more/made")))


def test_what_was_made_before_is_left_and_its_recipe_named(faces: Path) -> None:
    first = make_plan(FinetuneOptions(faces, detector="whole_image", overrides=TINY)).file
    first.write_text("edited")
    with pytest.raises(RunError, match=r"ferkit run finetune-faces/recipe.toml\), or use another --out"):
        make_plan(FinetuneOptions(faces, detector="whole_image", overrides=TINY))
    assert first.read_text() == "edited"


def test_a_folder_is_a_model_to_start_from_only_if_it_is_a_runs(faces: Path) -> None:
    with pytest.raises(RunError, match="is no run's folder"):
        find_beginning("faces")


def test_help_states_the_templates_weights_and_detector() -> None:
    template = read_template("finetune")
    help_text = (Path(__file__).parents[3] / "ferkit/cli/finetune.py").read_text(encoding="utf-8")
    for name in (template["model"]["backbone"]["weights"], template["detector"]["name"]):
        assert f"[default: {name}]" in help_text
