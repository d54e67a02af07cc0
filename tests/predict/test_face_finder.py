"""What --detector takes."""

from __future__ import annotations

import pytest

from ferkit.components.part import Part
from ferkit.errors import RunError
from ferkit.predict.face_finder import read_part


@pytest.mark.parametrize(
    "text",
    [
        '{name="mtcnn", min_face_size=40}',
        ' {min_face_size=40, name="mtcnn"}',
        "mtcnn:min_face_size=40",
        "mtcnn: min_face_size = 40",
    ],
)
def test_a_detector_may_have_options(text: str) -> None:
    assert read_part(text) == Part(name="mtcnn", min_face_size=40)


def test_values_of_options_are_toml_or_text_without_quotes() -> None:
    part = read_part('blazeface:network=back,threshold=0.4,is_fast=true,runtime="onnx"')
    assert part.name == "blazeface"
    assert part.options == {"network": "back", "threshold": 0.4, "is_fast": True, "runtime": "onnx"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "name: Field required"),
        ('{name=""', "Unclosed|Expected|Unexpected"),
        ("{name=3}", "name: Input"),
        ("mtcnn:min_face_size", "'min_face_size' is not"),
        ("mtcnn:factor=0.5,", "'' is not"),
        ("mtcnn:=3", "'=3' is not"),
        ("mtcnn:factor=0.5,factor=0.6", "'factor=0.6' is not a new option"),
        ("mtcnn:name=blazeface", "'name=blazeface' is not"),
    ],
)
def test_another_text_is_an_error_of_one_line_with_examples(text: str, reason: str) -> None:
    with pytest.raises(RunError, match=f"--detector .*: ({reason}).*mtcnn:min_face_size=40") as caught:
        read_part(text)
    assert len(str(caught.value).splitlines()) == 1
