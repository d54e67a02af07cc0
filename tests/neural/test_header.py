"""What a file says about itself is checked before anything is built from it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ferkit.errors import RunError
from ferkit.neural.allocation import LimitedTensors
from ferkit.neural.checkpoint import MOST_TENSORS, read_header
from ferkit.neural.header import parse_header, read_model_header, read_network_header
from tests.predict.drawn import describe

DEEP = "[" * 100_000 + "]" * 100_000


def write(file: Path, text: str, key: str = "ferkit") -> Path:
    save_file({"a": torch.zeros(2)}, file, {key: text})
    return file


WRONG = ["{", "", "nul", "null", "3", '"text"', DEEP, '{"a": ' + DEEP + "}"]


@pytest.mark.parametrize(
    ("key", "text"), [*(("ferkit", text) for text in [*WRONG, "[]"]), *(("labels", text) for text in WRONG)]
)
def test_a_header_that_is_no_object_is_refused_by_the_files_name(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(RunError, match=r"m\.safetensors") as caught:
        read_header(write(tmp_path / "m.safetensors", text, key))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(RunError, match=r"m\.onnx.*labels is there twice"):
        parse_header('{"labels": ["a", "b"], "model": {}, "labels": ["b", "a"]}', "m.onnx")
    with pytest.raises(RunError, match="name is there twice"):
        parse_header('{"model": {"name": "x", "name": "y"}}', "m.onnx")


NETWORK = [
    {"labels": 3},
    {"labels": [1, 2]},
    {"labels": ["a", None]},
    {"labels": ["a", "a"]},
    {"labels": [""]},
    {"labels": {"a": 1}},
    {"labels": ["x" * 201]},
    {"labels": [str(number) for number in range(1001)]},
    {"temperature": "hot"},
    {"temperature": 0},
    {"temperature": float("inf")},
    {"trained_on": 3},
    {"trained_on": ["x" * 65]},
    {"source": 3},
]


@pytest.mark.parametrize("harm", NETWORK, ids=lambda harm: f"{harm}"[:40])
def test_a_wrong_value_of_a_network_is_refused_by_its_key(tmp_path: Path, harm: dict[str, Any]) -> None:
    (key,) = harm
    file = write(tmp_path / "m.safetensors", json.dumps({"labels": ["a", "b"], **harm}))
    with pytest.raises(RunError, match=rf"m\.safetensors.*{key}") as caught:
        read_header(file)
    assert len(str(caught.value)) < 400


def part(**options: Any) -> dict[str, Any]:
    return {"name": "small", **options}


def model(**others: Any) -> dict[str, Any]:
    return {"model": {**describe().as_table()["model"], **others}}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


MODEL = [
    *NETWORK[:10],
    {"labels": []},
    {"labels": None},
    {"model": None},
    {"model": []},
    model(image_size=10**6),
    model(image_size="112"),
    model(image_size=8),
    model(normalize="x"),
    model(backbone=None),
    model(backbone={}),
    model(backbone=part(model="x" * 10**6)),
    model(backbone=part(channels=10**30)),
    model(head=part(sizes=list(range(10**5)))),
    model(output=part(a=nested(30))),
    {"detector": 3},
    {"detector": {"name": "x" * 300}},
    {"faces": {"margin": "wide"}},
    {"faces": []},
    {"plugins": "evil"},
    {"plugins": ["x" * 300]},
    {"plugins": ["../evil"]},
    {"plugins": ["a b"]},
    {"plugins": [f"a{number}" for number in range(51)]},
    {"metrics": 3},
    {"metrics": {"scores": 3}},
    {"metrics": {"scores": {"last_epoch": {"accuracy": "high"}}}},
    {"metrics": {"data": "x" * 2000}},
    {"source": "x" * 2000},
]


@pytest.mark.parametrize("harm", MODEL, ids=lambda harm: f"{harm}"[:40])
def test_a_wrong_value_of_a_model_is_refused_by_its_key(harm: dict[str, Any]) -> None:
    (key,) = harm
    with pytest.raises(RunError, match=f"here.*{key}") as caught:
        read_model_header({**describe().as_table(), **harm}, "here")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_bounds_leave_room_for_what_is_used() -> None:
    labels = tuple(f"label {number}" for number in range(1000))
    assert describe(labels=labels).as_table()["labels"]
    read_model_header(describe(labels=labels).as_table(), "here")
    read_network_header({"labels": labels, "trained_on": ["ab" * 8] * 100_000}, "here")
    read_model_header({**describe().as_table(), **model(image_size=2048)}, "here")


def test_a_header_of_another_program_has_no_labels(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "m.safetensors", "pt", "format")).labels == []
    assert read_header(write(tmp_path / "m.safetensors", '["a", "b"]', "labels")).labels == ["a", "b"]


def test_a_header_without_end_is_not_parsed() -> None:
    with pytest.raises(RunError, match="here: it has 67108865 characters"):
        parse_header(" " * ((64 << 20) + 1), "here")


def test_a_network_that_is_far_larger_than_its_tensors_is_not_made() -> None:
    with pytest.raises(RunError, match="much larger"), LimitedTensors(1000):
        torch.nn.Linear(10**6, 10**6)
    with pytest.raises(RunError, match="much larger"), LimitedTensors(1000):
        torch.eye(10**5)
    with LimitedTensors(1000):
        assert torch.nn.Linear(1000, 1000).weight.shape == (1000, 1000)


def test_a_file_of_very_many_tensors_is_not_read(tmp_path: Path) -> None:
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    text = json.dumps({f"t{number}": empty for number in range(MOST_TENSORS + 1)}).encode()
    file = tmp_path / "m.safetensors"
    file.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(RunError, match=r"m\.safetensors.* 20001 tensors, expected at most 20000"):
        read_header(file)
