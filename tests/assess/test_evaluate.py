"""From images and a model to scores, files and warnings."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from ferkit.assess.evaluate import evaluate
from ferkit.assess.files import write_evaluation
from ferkit.assess.result import Evaluation
from ferkit.assess.text import describe
from ferkit.data.images import image_sha256
from ferkit.errors import DataError, RunError
from ferkit.experiment.run import RunRequest, run
from ferkit.interfaces import Sample
from ferkit.neural.checkpoint import load_network, read_header, save_network
from ferkit.predict import Predictor
from ferkit.predict.model.export import export_model
from ferkit.recipe.load import load_recipe
from tests.predict.drawn import LABELS, write_model, write_picture
from tests.predict.drawn import describe as describe_model

RECIPE = """
name = "run"
[data]
name = "image_folder"
root = "{root}"
[detector]
name = "whole_image"
[model]
image_size = 32
backbone = {{ name = "timm", model = "resnet10t", pretrained = false }}
[fit]
epochs = 1
[protocol]
name = "paper"
folds = 2
repeats = 1
"""
SPOTS = {"a": (10, 10), "b": (30, 30), "c": (60, 20)}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two classes of three spots each, all different; one image of each class has none."""
    for place, label in enumerate(("happiness", "neutral")):
        for name, (x, y) in SPOTS.items():
            write_picture(tmp_path / "images" / label / f"{name}.png", (x + place, y))
        write_picture(tmp_path / "images" / label / "none.png")
    return tmp_path / "images"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model.safetensors")


def score(model: Path, images: Path, **options: object) -> Evaluation:
    return evaluate(model, images, trust_plugins=True, **options)  # type: ignore[arg-type]


def test_every_image_is_classified_as_predict_does(images: Path, model: Path) -> None:
    found = score(model, images)
    predictor = Predictor(model, trust_plugins=True)
    for one in found.predictions:
        rows = predictor.predict(images / one.path)[0]
        assert one.predicted == (rows[0].label if rows else "no face")
        if rows:
            assert one.probabilities == pytest.approx(tuple(rows[0].probabilities.values()))
    assert found.labels == LABELS
    assert found.images == 8
    assert sorted(found.faceless) == ["happiness/none.png", "neutral/none.png"]
    right = sum(one.predicted == one.label for one in found.predictions)
    assert 0 < right < 8
    assert found.scores["accuracy"].value == right / 8
    assert score(model, images, no_face="skip").scores["accuracy"].value == right / 6


def test_only_the_labels_that_compete_are_answered(images: Path, model: Path) -> None:
    every = {one.path: one for one in score(model, images).predictions}
    found = score(model, images, among=["neutral", "happiness"])
    assert found.labels == ("happiness", "neutral")  # in the order of the model
    for one in found.predictions:
        if one.probabilities:
            assert sum(one.probabilities) == pytest.approx(1)
            anger, happiness, _ = every[one.path].probabilities or ()
            assert one.probabilities[0] == pytest.approx(happiness / (1 - anger))
    with pytest.raises(DataError, match="--among joy"):
        score(model, images, among=["joy"])


def test_images_of_the_training_are_counted_for_a_file_and_unknown_for_an_export(
    images: Path, model: Path, tmp_path: Path
) -> None:
    assert score(model, images).trained_on == 0
    seen = images / "neutral" / "b.png"
    tensors, table = load_network(model, LABELS), describe_model().as_table()
    save_network(model, tensors, LABELS, None, [image_sha256(seen)], table)
    assert len(read_header(model).trained_on) == 1
    found = score(model, images)
    assert found.trained_on == 1
    assert [one.path for one in found.predictions if one.is_trained_on] == ["neutral/b.png"]
    assert "trained on 1 of 8 images" in found.warnings[0]
    save_network(model, tensors, LABELS, None, [], table)
    found = score(model, images)
    assert found.trained_on is None
    assert "does not record" in found.warnings[0]


def write_list(images: Path, file: Path, separator: str = ",") -> Path:
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines, delimiter=separator)
        writer.writerow(["path", "label", "split", "groups"])
        for path in sorted(images.rglob("*.png")):
            split = "train" if path.stem == "none" else "test"
            groups = json.dumps({"person": path.stem})
            writer.writerow([path.relative_to(file.parent), path.parent.name, split, groups])
    return file


@pytest.mark.parametrize(("name", "separator"), [("list.csv", ","), ("list.tsv", "\t")])
def test_a_list_gives_groups_and_splits(images: Path, model: Path, name: str, separator: str) -> None:
    file = write_list(images, images.parent / name, separator)
    found = score(model, file, by=["person"], split="test")
    assert found.images == 6
    assert [(one.value, one.images) for one in found.by[0].values] == [("a", 2), ("b", 2), ("c", 2)]
    with pytest.raises(DataError, match=r"--split validation.*test, train"):
        score(model, file, split="validation")
    with pytest.raises(DataError, match=r"--by gender.*person"):
        score(model, file, by=["gender"])
    with pytest.raises(DataError, match=r"--group movie.*person"):
        score(model, file, group="movie")


def test_a_recipe_gives_its_data_alone(images: Path, model: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "spots.toml"
    recipe.write_text(
        f'name = "spots"\n[data]\nname = "image_folder"\nroot = "{images}"\n'
        '[detector]\nname = "whole_image"\n'
        '[model.backbone]\nname = "inception_resnet_v1"\nweights = "vggface2"\n'
    )
    found = score(model, recipe)
    assert (found.data, found.images, len(found.faceless)) == ("spots", 8, 2)


def test_samples_can_be_given(images: Path, model: Path) -> None:
    samples = [Sample(images / "neutral" / "a.png", "calm"), Sample(images / "happiness" / "a.png", "glad")]
    renames = {"calm": "neutral", "glad": "happiness"}
    found = evaluate(model, samples, rename=renames, trust_plugins=True)
    assert found.images == 2
    assert [one.label for one in found.predictions] == ["neutral", "happiness"]


def test_a_broken_file_stops_the_evaluation_or_is_left_out(images: Path, model: Path) -> None:
    (images / "neutral" / "broken.png").write_text("no image")
    with pytest.raises(DataError, match=r"faces\.unreadable"):
        score(model, images)
    found = score(model, images, overrides=['faces.unreadable="skip"'])
    assert found.images == 8
    assert [path for path, _ in found.unreadable] == ["neutral/broken.png"]


def test_without_any_face_there_is_nothing_to_score_if_such_images_are_skipped(
    images: Path, model: Path
) -> None:
    samples = [Sample(images / "neutral" / "none.png", "neutral")]
    found = evaluate(model, samples, trust_plugins=True)
    assert found.scores.keys() == {"accuracy", "mean_recall", "macro_f1"}
    assert found.scores["accuracy"].value == 0
    with pytest.raises(DataError, match="no image has a face"):
        evaluate(model, samples, no_face="skip", trust_plugins=True)


def test_the_files_hold_the_scores_and_every_image(images: Path, model: Path, tmp_path: Path) -> None:
    file = write_list(images, images.parent / "list.csv")
    found = score(model, file, by=["person"])
    out = tmp_path / "out"
    predictions, summary, page = write_evaluation(found, out)
    with predictions.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0])[:6] == ["path", "label", "predicted", "p_anger", "p_happiness", "p_neutral"]
    assert len(rows) == 8
    for row, one in zip(rows, found.predictions, strict=True):
        assert (row["path"], row["label"], row["predicted"]) == (one.path, one.label, one.predicted)
        assert row["group_person"] == one.groups["person"]
        assert (row["p_anger"] == "") == (one.probabilities is None)
    table = json.loads(summary.read_text())
    assert table["scores"]["accuracy"]["value"] == found.scores["accuracy"].value
    assert table["by"][0]["values"][0]["value"] == "a"
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 3
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert (out / "figures" / "confusion.png").exists()
    write_evaluation(found, out)  # again


def test_other_files_are_not_overwritten(images: Path, model: Path) -> None:
    found = score(model, images)
    with pytest.raises(RunError, match="other files"):
        write_evaluation(found, images)
    with pytest.raises(RunError, match="it is a file"):
        write_evaluation(found, model)


def test_foreign_names_are_escaped_in_every_medium(model: Path, tmp_path: Path) -> None:
    names = ["=1+1", "<script>alert(1)</script>", "\x1b[31mred"]
    samples = []
    for place, name in enumerate(names):
        for label in ("neutral", "happiness"):
            path = write_picture(tmp_path / "foreign" / label / f"=x{place}.png", (10, 10))
            samples.append(Sample(path, label, {"person": name}))
    found = evaluate(model, samples, by=["person"], trust_plugins=True)
    predictions, _, page = write_evaluation(found, tmp_path / "out")
    assert "'=1+1" in predictions.read_text()
    assert "<script>" not in page.read_text()
    assert "&lt;script&gt;" in page.read_text()
    printed = "\n".join(describe(found, 80))
    assert "\x1b" not in printed + page.read_text()
    assert "red" in printed


def test_tables_fit_80_columns(images: Path, model: Path) -> None:
    file = write_list(images, images.parent / "list.csv")
    lines = list(describe(score(model, file, by=["person"]), 80))
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines)  # a path stays whole
    assert any(line.startswith("UAR (balanced accuracy)") for line in lines)


def test_an_exported_onnx_file_does_not_say_what_it_was_trained_on(
    images: Path, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxscript")
    exported = export_model(model, tmp_path / "model.onnx", trust_plugins=True).file
    found, of_torch = score(exported, images), score(model, images)
    assert found.trained_on is None
    assert [one.predicted for one in found.predictions] == [one.predicted for one in of_torch.predictions]


def test_a_network_in_a_run_folder_is_evaluated(tmp_path: Path) -> None:
    """The training images of the fold that is taken are counted, not those of the others."""
    for place, label in enumerate(("neutral", "happiness")):
        for number in range(4):
            write_picture(tmp_path / "faces" / label / f"{number}.png", (10 + number, 20 + place))
    recipe = tmp_path / "run.toml"
    recipe.write_text(RECIPE.format(root=tmp_path / "faces"))
    checked, registry = load_recipe(str(recipe))
    folder = run(RunRequest(checked, registry, tmp_path / "run")).parent
    found = evaluate(folder, tmp_path / "faces", fold=1)
    assert found.trained_on == 4
    assert found.root == tmp_path / "faces"
    tested = {str(found.root / one.path): one.predicted for one in found.predictions if not one.is_trained_on}
    file = folder / "folds" / "repeat0_fold1" / "predictions_last.csv"
    with file.open(newline="") as lines:
        kept = {row["path"]: row["predicted"] for row in csv.DictReader(lines)}
    assert kept == tested


def test_a_column_of_a_list_is_a_group_to_compare(images: Path, model: Path, tmp_path: Path) -> None:
    paths = sorted(path.relative_to(images).as_posix() for path in images.rglob("?.png"))
    rows = [f"{path},{Path(path).parent},{'odd' if Path(path).stem == 'a' else 'even'}" for path in paths]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,side", *rows]) + "\n")
    root = f'data.root="{images}"'
    found = evaluate(model, tmp_path / "list.csv", overrides=[root], by=["side"], detector="whole_image")
    assert {one.value: one.images for one in found.by[0].values} == {"even": 4, "odd": 2}
    with pytest.raises(DataError, match=r"--by sid: no image has such a group.*For a list: a column"):
        evaluate(model, tmp_path / "list.csv", overrides=[root], by=["sid"], detector="whole_image")


def test_all_folds_of_a_run_were_trained_on_all_of_its_images(tmp_path: Path) -> None:
    for place, label in enumerate(("neutral", "happiness")):
        for number in range(4):
            write_picture(tmp_path / "faces" / label / f"{number}.png", (10 + number, 20 + place))
    recipe = tmp_path / "run.toml"
    recipe.write_text(RECIPE.format(root=tmp_path / "faces"))
    checked, registry = load_recipe(str(recipe))
    folder = run(RunRequest(checked, registry, tmp_path / "run")).parent
    found = evaluate(folder, tmp_path / "faces", fold="all")
    assert found.trained_on == 8
    assert "one fold's network was trained on 8 of 8 images" in found.warnings[0]
    for label in ("neutral", "happiness"):
        write_picture(tmp_path / "other" / label / "new.png", (3, len(label)))
    assert evaluate(folder, tmp_path / "other", fold="all").trained_on == 0
    each = [evaluate(folder, tmp_path / "faces", fold=fold).predictions for fold in (0, 1)]
    for one, *both in zip(found.predictions, *each, strict=True):
        mean = [sum(pair) / 2 for pair in zip(*(half.probabilities or () for half in both), strict=True)]
        assert one.probabilities == pytest.approx(mean, abs=1e-6)
    (folder / "summary.json").unlink()
    with pytest.raises(RunError, match="not finished"):
        evaluate(folder, tmp_path / "faces", fold="all")
