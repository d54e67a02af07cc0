"""CK+: selected frames and groups."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_datasets.ckplus import CKPlus

from ferkit.errors import DataError
from tests.plugins.test_ferkit_datasets.miniature import draw, write

ORDER = ["neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"]


def add_sequence(root: Path, subject: str, sequence: str, frames: int, code: str | None) -> None:
    stem = f"{subject}_{sequence}"
    for number in range(1, frames + 1):
        draw(root / "cohn-kanade-images" / subject / sequence / f"{stem}_{number:08}.png")
    folder = root / "Emotion" / subject / sequence
    folder.mkdir(parents=True)
    if code is not None:
        (folder / f"{stem}_{frames:08}_emotion.txt").write_text(code)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    add_sequence(tmp_path, "S005", "001", 5, "   3.0000000e+00\n")
    add_sequence(tmp_path, "S005", "002", 4, None)  # most sequences have no label
    add_sequence(tmp_path, "S010", "001", 3, "   7.0000000e+00\n")
    return tmp_path


def frames_and_labels(dataset: CKPlus) -> list[tuple[str, str]]:
    return [(one.path.stem, one.label) for one in dataset.samples()]


def test_the_last_frames_have_the_label_and_the_first_is_neutral(root: Path) -> None:
    dataset = CKPlus(root)
    assert dataset.problems() == []
    assert frames_and_labels(dataset) == [
        ("S005_001_00000001", "neutral"),
        *((f"S005_001_0000000{number}", "disgust") for number in (3, 4, 5)),
        # The three frames of this sequence are all among its last three.
        *((f"S010_001_0000000{number}", "surprise") for number in (1, 2, 3)),
    ]


def test_how_many_frames_and_whether_neutral_ones_are_options(root: Path) -> None:
    peaks = CKPlus(root, last_frames=1, first_frame_neutral=False)
    assert frames_and_labels(peaks) == [("S005_001_00000005", "disgust"), ("S010_001_00000003", "surprise")]


def test_groups_are_the_subject_and_the_sequence(root: Path) -> None:
    groups = [one.groups for one in CKPlus(root, last_frames=1, first_frame_neutral=False).samples()]
    assert groups == [{"person": "S005", "clip": "S005_001"}, {"person": "S010", "clip": "S010_001"}]


def test_codes_have_the_sets_own_order(tmp_path: Path) -> None:
    for code in range(8):
        add_sequence(tmp_path, "S011", f"00{code}", 1, f"   {code}.0000000e+00\n")
    assert [one.label for one in CKPlus(tmp_path).samples()] == ORDER
    without = CKPlus(tmp_path, leave_out=("contempt",)).samples()
    assert [one.label for one in without] == [label for label in ORDER if label != "contempt"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("   8.0000000e+00", "the label is '8'; expected one of 0 (neutral)"),
        ("   1.5000000e+00", "the label is '1.5'"),
        ("angry", "expected a number such as 3.0000000e+00, got 'angry'"),
        ("", "got ''"),
    ],
)
def test_a_file_without_a_label_is_told_by_name(root: Path, code: str, problem: str) -> None:
    file = write(root / "Emotion" / "S005" / "001" / "S005_001_00000005_emotion.txt", code)
    with pytest.raises(DataError) as raised:
        CKPlus(root).samples()
    assert str(raised.value).startswith(f"{file}: ")
    assert problem in str(raised.value)


def test_a_labelled_sequence_without_frames_is_told(root: Path) -> None:
    for frame in (root / "cohn-kanade-images" / "S010" / "001").iterdir():
        frame.unlink()
    with pytest.raises(
        DataError, match=r"S010_001_00000003_emotion\.txt: there are no frames .*S010_001_\*\.png"
    ):
        CKPlus(root).samples()


def test_what_is_missing_is_told_with_the_authors_page(tmp_path: Path) -> None:
    (problem,) = CKPlus(tmp_path).problems()
    assert problem.startswith(
        f"there is no folder {tmp_path / 'cohn-kanade-images'} and no {tmp_path / 'Emotion'}"
    )
    assert "http://www.jeffcohn.net/Resources/" in problem
    for name in ("cohn-kanade-images", "Emotion"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=r"has no S005/001/\*_emotion\.txt"):
        CKPlus(tmp_path).samples()


def test_no_frames_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="last_frames: expected 1 or more, got 0"):
        CKPlus(tmp_path, last_frames=0)
