"""A folder and all below it, links among it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ferkit.errors import DataError
from ferkit.runtime.walk import real_folders, walk_folder


def fill(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path / "root" / "b" / "1", tmp_path / "root" / "a" / "2", tmp_path / "root" / "0")
    return tmp_path / "root"


def names(root: Path) -> list[str]:
    return [str((place / name).relative_to(root)) for place, files in walk_folder(root) for name in files]


def test_all_that_is_below_comes_by_name(root: Path) -> None:
    assert names(root) == ["0", "a/2", "b/1"]


def test_a_linked_folder_is_gone_into_with_all_below_it_and_the_links_there(root: Path) -> None:
    fill(root.parent / "far" / "deep" / "3", root.parent / "farther" / "4")
    (root / "a" / "link").symlink_to(root.parent / "far")
    (root.parent / "far" / "on").symlink_to("../farther")
    assert names(root) == ["0", "a/2", "b/1", "a/link/deep/3", "a/link/on/4"]
    places = {str(place.relative_to(root.parent.resolve())) for place in real_folders(root)}
    assert places == {"root", "root/a", "root/b", "far", "far/deep", "farther"}


def test_a_folder_that_lies_below_and_is_linked_comes_once_by_its_own_name(root: Path) -> None:
    (root / "0a").symlink_to("b")
    (root / "a" / "b").symlink_to(root / "b")
    assert names(root) == ["0", "a/2", "b/1"]


@pytest.mark.parametrize("to", [".", "..", "b", "b/up", "loop"])
def test_a_loop_of_links_ends(root: Path, to: str) -> None:
    (root / "b" / "up").symlink_to(root)
    (root / "loop").symlink_to(to)
    found = names(root)
    assert {"0", "a/2", "b/1"} <= set(found)
    real = [os.path.realpath(root / name) for name in found]
    assert len(set(real)) == len(real)


@pytest.mark.parametrize("name", [".DS_Store", "._1.jpg", "__MACOSX", "@eaDir", "Thumbs.db"])
def test_what_the_system_adds_is_left_out(root: Path, name: str) -> None:
    (root / "a" / name).mkdir()
    (root / "b" / name).touch()
    assert not any(name in one for one in names(root))


def test_a_hidden_folder_is_gone_into_where_a_link_has_another_name(root: Path) -> None:
    fill(root / ".store" / "3")
    (root / "shown").symlink_to(".store")
    assert [str(place.relative_to(root)) for place, _ in walk_folder(root)] == [".", "a", "b", "shown"]


def test_a_link_to_nothing_is_a_file_that_is_not_there(root: Path) -> None:
    (root / "gone").symlink_to("nowhere")
    assert "gone" in names(root)


@pytest.fixture
def closed(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    return root / "a"


def test_a_folder_that_can_not_be_listed_is_an_error_that_names_it(root: Path, closed: Path) -> None:
    with pytest.raises(DataError, match=f"the folder {closed} can't be listed: Permission denied"):
        names(root)


def test_whoever_takes_the_error_gets_the_rest(root: Path, closed: Path) -> None:
    refused: list[OSError] = []
    found = [place for place, _ in walk_folder(root, refused.append)]
    assert found == [root, root / "b"]
    assert [one.filename for one in refused] == [str(closed)]


def test_a_path_that_is_too_long_is_refused_and_the_walk_goes_on(tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 255, dir_fd=place)
        deeper = os.open("d" * 255, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(place)
    refused: list[OSError] = []
    folders = [folder for folder, _ in walk_folder(tmp_path, refused.append)]
    assert folders[-1] == tmp_path / "z"
    assert [error.errno for error in refused] == [errno.ENAMETOOLONG]
