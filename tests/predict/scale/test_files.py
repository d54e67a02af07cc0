"""The files of a prediction in parts, on this machine and at addresses."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferkit.predict import Predicted, Predictor
from ferkit.predict.media.sources import InputError, find_sources
from ferkit.predict.scale import files
from ferkit.predict.scale.download import read_files
from ferkit.predict.scale.files import list_files
from tests.predict.drawn import picture, write_picture, write_video

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """Two images, a video, a broken image and a text at an address."""
    write_picture(tmp_path / "made" / "a.png", (5, 5))
    write_picture(tmp_path / "made" / "sub" / "b[1].png", (5, 5), (60, 30))
    write_video(tmp_path / "made" / "c.avi", [picture((5, 5))] * 2)
    (tmp_path / "made" / "broken.png").write_text("nothing")
    (tmp_path / "made" / "notes.txt").touch()
    storage = fsspec.filesystem("memory")
    storage.put(str(tmp_path / "made"), "/bucket", recursive=True)
    yield "memory://bucket"
    storage.rm("/bucket", recursive=True)


def names(found: files.FileList) -> list[str]:
    return [one.rpartition("bucket/")[2] for one in found.files]


def test_addresses_of_folders_patterns_and_files_are_listed(bucket: str) -> None:
    found = list_files([bucket])
    assert names(found) == ["a.png", "broken.png", "c.avi", "sub/b[1].png"]
    assert found.ignored == {".txt": 1}
    assert names(list_files([f"{bucket}/*.png", f"{bucket}/a.png"])) == ["a.png", "broken.png"]
    assert names(list_files([f"{bucket}/sub/b[1].png"])) == ["sub/b[1].png"]
    assert names(list_files(["-"], io.BytesIO(f"{bucket}/a.png\n".encode()))) == ["a.png"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("memory://bucket/none.png", "there is no such file"),
        ("memory://bucket/*.tif", "matches this pattern"),
        ("foo://bucket/a.png", "foo"),
        ("rtsp://host/stream", "rtsp"),
    ],
)
def test_an_address_without_files_is_a_problem(bucket: str, address: str, reason: str) -> None:
    found = list_files([address])
    assert not found.files
    assert [one.file for one in found.problems] == [address]
    assert reason in found.problems[0].reason


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: str) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    (problem,) = list_files(["s3://bucket/*.jpg"]).problems
    assert "Install s3fs" in problem.reason


def test_an_error_of_the_storage_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: str) -> Any:
        raise PermissionError("Forbidden\nmore")

    monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    (problem,) = list_files(["memory://bucket"]).problems
    assert problem.reason.endswith("Forbidden")


def test_local_files_keep_their_names_and_are_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.png", "a.png", "deep/c.png", "notes.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    found = list_files(["in", "in/*.png", str(tmp_path / "none"), "7"])
    assert found.files == [os.path.join("in", *one.split("/")) for one in ("a.png", "b.png", "deep/c.png")]
    assert [one.file for one in found.problems] == [str(tmp_path / "none"), "camera-7"]
    assert "camera" in found.problems[1].reason


def test_downloaded_files_are_read_under_their_addresses_and_removed(
    bucket: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    own = write_picture(tmp_path / "own.png", (5, 5))
    listed = list_files([bucket, str(own)]).files
    found = list(Predictor(model).predict_frames(read_files([*listed, f"{bucket}/gone.png"], 1)))
    rows = [row.file for one in found if isinstance(one, Predicted) for row in one.rows]
    base = fsspec.filesystem("memory").unstrip_protocol("/bucket")
    b = f"{base}/sub/b[1].png"
    assert rows == [str(own), f"{base}/a.png", f"{base}/c.avi", f"{base}/c.avi", b, b]
    problems = [one for one in found if isinstance(one, InputError)]
    assert [(one.file, str(tmp_path) in one.reason) for one in problems] == [
        (f"{base}/broken.png", False),
        (f"{bucket}/gone.png", False),
    ]
    assert not list(tmp_path.glob("ferkit-*"))


def test_a_file_is_listed_once_by_whatever_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert list_files(["a.png", str(tmp_path / "a.png"), "./a.png"]).files == ["a.png"]


@pytest.mark.parametrize(
    "address",
    ["simplecache::s3://bucket/*.jpg", "zip://*.jpg::s3://bucket/a.zip", "filecache::https://x.org/a.jpg"],
)
def test_a_chained_address_is_refused_as_such_with_and_without_workers(address: str) -> None:
    (alone,) = find_sources([address])
    (shared,) = list_files([address]).problems
    assert alone == shared
    assert alone.file == address  # type: ignore[union-attr]
    assert "chained" in shared.reason
    assert "s3://bucket/*.jpg" in shared.reason
