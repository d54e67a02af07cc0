"""AffectNet in both layouts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ferkit_datasets.affectnet import COLUMNS, AffectNet

from ferkit.errors import DataError
from tests.plugins.test_ferkit_datasets.miniature import draw, parts_and_labels, write

ORDER = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
LISTS = "Manually_Annotated_file_lists"
IMAGES = "Manually_Annotated_Images"


def row(name: str, code: int) -> str:
    return f"{name},134,134,899,899,181.64;530.91,{code},0.1,-0.2"


def fill_lists(root: Path) -> Path:
    names = [f"{n % 3 + 1}/{n:04x}.JPG" for n in range(11)]
    for name in (*names, "7/val.jpg"):
        draw(root / IMAGES / name.replace("JPG", "jpg")).rename(root / IMAGES / name)
    write(root / LISTS / "training.csv", ",".join(COLUMNS), *(row(name, n) for n, name in enumerate(names)))
    write(root / LISTS / "validation.csv", row("7/val.jpg", 3))  # without names, as it was given out
    return root


def fill_numbers(root: Path) -> Path:
    for part, numbers in (("train_set", (2, 10, 1)), ("val_set", (5,))):
        (root / part / "annotations").mkdir(parents=True)
        for number in numbers:
            draw(root / part / "images" / f"{number}.jpg")
            np.save(root / part / "annotations" / f"{number}_exp.npy", np.array(str(number % 8)))
            np.save(root / part / "annotations" / f"{number}_val.npy", np.array("0.1"))
    return root


def test_codes_of_the_lists_have_the_sets_own_order_and_the_rest_is_counted(tmp_path: Path) -> None:
    dataset = AffectNet(fill_lists(tmp_path))
    assert dataset.problems() == []
    samples = dataset.samples()
    assert parts_and_labels(samples) == [*(("train", label) for label in ORDER), ("test", "surprise")]
    assert samples[0].path == tmp_path / IMAGES / "1" / "0000.JPG"
    assert dataset.left_out == Counter({"of none": 1, "of uncertain": 1, "of no face": 1})


def test_a_validation_list_with_names_is_read_alike(tmp_path: Path) -> None:
    fill_lists(tmp_path)
    expected = AffectNet(tmp_path).samples()
    write(tmp_path / LISTS / "validation.csv", ",".join(COLUMNS), row("7/val.jpg", 3))
    assert AffectNet(tmp_path).samples() == expected


def test_numbered_annotations_are_read_in_the_order_of_the_numbers(tmp_path: Path) -> None:
    dataset = AffectNet(fill_numbers(tmp_path))
    assert dataset.problems() == []
    samples = dataset.samples()
    assert [one.path.stem for one in samples] == ["1", "2", "10", "5"]
    assert [one.label for one in samples] == [ORDER[1], ORDER[2], ORDER[2], ORDER[5]]
    assert [one.split for one in samples] == ["train"] * 3 + ["test"]


def test_seven_classes_are_eight_without_contempt(tmp_path: Path) -> None:
    dataset = AffectNet(fill_lists(tmp_path), leave_out=("contempt",))
    assert {one.label for one in dataset.samples()} == set(ORDER) - {"contempt"}
    assert dataset.left_out["of contempt"] == 1


def test_the_validation_set_may_be_what_it_is_called(tmp_path: Path) -> None:
    samples = AffectNet(fill_numbers(tmp_path), validation_is="validation").samples()
    assert samples[-1].split == "validation"


def test_rows_that_can_not_be_used_are_told_with_file_and_line(tmp_path: Path) -> None:
    file = fill_lists(tmp_path) / LISTS / "training.csv"
    write(file, ",".join(COLUMNS), row("1/gone.jpg", 1), row("7/val.jpg", 11))
    with pytest.raises(DataError) as raised:
        AffectNet(tmp_path).samples()
    first, second = str(raised.value).splitlines()
    assert first == f"{file}, line 2: there is no file {tmp_path / IMAGES / '1/gone.jpg'}"
    assert second.startswith(f"{file}, line 3: the label is '11'; expected one of 0 (neutral)")


def test_a_label_file_that_is_none_or_could_run_code_is_told_by_name(tmp_path: Path) -> None:
    folder = fill_numbers(tmp_path) / "train_set" / "annotations"
    (folder / "1_exp.npy").write_bytes(b"nothing")
    np.save(folder / "2_exp.npy", np.array({"a": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(DataError) as raised:
        AffectNet(tmp_path).samples()
    first, second = str(raised.value).splitlines()
    assert first.startswith(f"{folder / '1_exp.npy'}: cannot read the label")
    assert second.startswith(f"{folder / '2_exp.npy'}: cannot read the label")


def test_what_is_missing_is_told_with_the_authors_page(tmp_path: Path) -> None:
    (problem,) = AffectNet(tmp_path).problems()
    assert problem.startswith(f"there is no {tmp_path / LISTS / 'training.csv'}, ")
    assert "http://mohammadmahoor.com/affectnet/" in problem
    (tmp_path / "train_set").mkdir()
    (problem,) = AffectNet(tmp_path).problems()
    assert problem.startswith(
        f"there is no {tmp_path / 'train_set/images'}, {tmp_path / 'train_set/annotations'}"
    )
