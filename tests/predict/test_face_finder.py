"""What --detector takes."""

from __future__ import annotations

import pytest

from ferkit.components.part import Part
from ferkit.errors import RunError
from ferkit.predict.face_finder import read_part


@pytest.mark.parametrize("text", ['{name="mtcnn", min_face_size=40}', ' {min_face_size=40, name="mtcnn"}'])
def test_a_table_is_a_detector_with_options(text: str) -> None:
    assert read_part(text) == Part(name="mtcnn", min_face_size=40)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "name: Field required"),
        ('{name=""', "Unclosed|Expected|Unexpected"),
        ("{name=3}", "name: Input"),
    ],
)
def test_a_table_that_is_none_is_told_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(RunError, match=f"expected a name or a table like .*: ({reason})") as caught:
        read_part(text)
    assert len(str(caught.value).splitlines()) == 1
