"""Files are whole or not there at all, whenever a process dies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import pytest

from ferkit.errors import RunError
from ferkit.runtime.atomic_write import (
    atomic_path,
    find_written,
    remove_parts,
    remove_written,
    run_file,
    write_in_turn,
    write_text,
)


def fail(_: object) -> None:
    raise OSError(28, "No space left on device")


def write(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def test_a_file_that_can_not_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "file", "before")
    with (
        pytest.raises(RunError, match=r"can't write .*file: .*No space left.*--resume"),
        run_file(tmp_path / "a" / "file") as part,
    ):
        fail(part)
    assert [(path.name, path.read_text()) for path in (tmp_path / "a").iterdir()] == [("file", "before")]


def test_others_may_read_a_file_as_any_other_of_this_process(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    with run_file(tmp_path / "file") as part:
        part.chmod(0o600)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_folder_that_is_a_file_is_told_like_anything_else_that_stops_writing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"can't write .*file/inside: .*File exists"):
        write_text(tmp_path / "file" / "inside", "text")
    with pytest.raises(RunError, match=r"can't write .*file/inside"):
        write_in_turn(tmp_path / "file" / "inside", lambda file: write(b"text", file))


def test_written_in_turn_the_newest_is_found_however_long_the_ones_before(tmp_path: Path) -> None:
    path = tmp_path / "state"
    assert find_written(path) is None
    for content in (b"long " * 100, b"longer " * 100, b"short", b"a little longer"):
        write_in_turn(path, lambda file, content=content: write(content, file))
        assert find_written(path) == path
        assert path.read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 2
    remove_written(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_a_process_that_dies_between_two_renamings_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    path = tmp_path / "state"
    for content in (b"first", b"second"):
        write_in_turn(path, lambda file, content=content: write(content, file))
    rename, calls = os.replace, []

    def die(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == dies_at:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write_in_turn(path, lambda file: write(b"third", file))
    monkeypatch.undo()
    found = find_written(path)
    assert found is not None
    assert found.read_bytes() == (b"third" if dies_at == 3 else b"second")
    write_in_turn(path, lambda file: write(b"fourth", file))
    assert path.read_bytes() == b"fourth"
    assert find_written(path) == path


def test_a_write_that_fails_leaves_the_newest_and_gives_the_room_back(tmp_path: Path) -> None:
    path = tmp_path / "state"
    for content in (b"first", b"second"):
        write_in_turn(path, lambda file, content=content: write(content, file))
    with pytest.raises(RunError, match=r"can't write .*state: .*No space left"):
        write_in_turn(path, fail)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("state", b"second")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("is_link", [False, True])
def test_a_pipe_or_device_is_never_replaced_by_a_file(tmp_path: Path, is_link: bool) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with pytest.raises(OSError, match="is a named pipe, not a file"), atomic_path(link if is_link else pipe):
        raise AssertionError("the block was entered")
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folds").mkdir()
    kept = [tmp_path / "a.part", tmp_path / "folds" / "predictions.csv", tmp_path / ".lock"]
    left = [tmp_path / ".0123abcd.part", tmp_path / "folds" / ".0123abcd.part.csv"]
    for file in (*kept, *left):
        file.touch()
    remove_parts(tmp_path)
    assert [file.exists() for file in (*kept, *left)] == [True, True, True, False, False]
