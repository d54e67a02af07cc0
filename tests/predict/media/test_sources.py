"""What an INPUT stands for."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from ferkit.predict.media.sources import Camera, Ignored, ImageSource, InputError, VideoSource, find_sources
from tests.predict.drawn import picture


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_folder_is_all_that_is_below_it_by_name_and_other_files_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "notes.txt", "deep/er/c.mp4", ".DS_Store")
    found = list(find_sources([tmp_path]))
    assert found == [
        ImageSource(tmp_path / "a.png", Path("a.png")),
        ImageSource(tmp_path / "b.JPG", Path("b.JPG")),
        Ignored(str(tmp_path / "notes.txt")),
        VideoSource(tmp_path / "deep/er/c.mp4", Path("deep/er/c.mp4")),
    ]


def test_a_folder_without_images_is_a_problem_beside_what_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    passed, problem = find_sources([tmp_path])
    assert isinstance(passed, Ignored)
    assert problem == InputError(str(tmp_path), "the folder has no image or video")


def test_a_file_that_was_named_is_tried_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    (found,) = find_sources([tmp_path / "notes.txt"])
    assert isinstance(found, ImageSource)


def test_a_pattern_is_what_it_matches_and_a_problem_where_it_matches_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png", "c.txt", "sub/d.png")
    found = list(find_sources([f"{tmp_path}/*"]))
    assert [type(one) for one in found] == [ImageSource, ImageSource, Ignored]
    deep = list(find_sources([f"{tmp_path}/**/*.png"]))
    assert [one.path.name for one in deep if isinstance(one, ImageSource)] == ["a.png", "b.png", "d.png"]
    (nothing,) = find_sources([f"{tmp_path}/*.tif"])
    assert isinstance(nothing, InputError)


def test_linked_folders_are_gone_into_and_a_loop_of_them_ends(tmp_path: Path) -> None:
    touch(tmp_path, "in/b.png", "else/deep/c.png")
    (tmp_path / "in" / "a").symlink_to(tmp_path / "else")
    (tmp_path / "else" / "back").symlink_to(tmp_path / "in")
    found = list(find_sources([tmp_path / "in"]))
    assert found == [
        ImageSource(tmp_path / "in/b.png", Path("b.png")),
        ImageSource(tmp_path / "in/a/deep/c.png", Path("a/deep/c.png")),
    ]


def test_a_pattern_that_reaches_a_file_by_several_ways_gives_it_once(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "deep/c.png")
    (tmp_path / "a").symlink_to(".")
    (tmp_path / "b2.png").symlink_to("b.png")  # which is asked for by name, as in a folder
    found = [one.path for one in find_sources([f"{tmp_path}/**/*.png"]) if isinstance(one, ImageSource)]
    assert found == [tmp_path / "b.png", tmp_path / "b2.png", tmp_path / "deep/c.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].png", "a1.png")
    (found,) = find_sources([tmp_path / "a[1].png"])
    assert isinstance(found, ImageSource)
    assert found.path.name == "a[1].png"


def test_a_number_is_a_camera_unless_there_is_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(find_sources(["0"])) == [Camera(0)]
    touch(tmp_path, "0")
    assert list(find_sources(["0"])) == [ImageSource(Path("0"), Path("0"))]


def test_a_long_number_is_no_camera() -> None:
    name = "20240101123456"
    assert list(find_sources([name])) == [InputError(name, "there is no such file, folder or camera")]


@pytest.mark.parametrize("line", ["0", "-", "*\0.png"])
def test_a_line_of_a_list_is_a_name_and_nothing_else(line: str) -> None:
    listed = b"none.png" + b"\n" * 600 + line.encode()  # beyond where a NUL tells an image
    _, found = find_sources(["-"], io.BytesIO(listed))
    assert found == InputError(line, "there is no such file or folder")


@pytest.mark.parametrize("length", [2000, 100_000])
def test_a_name_that_goes_on_and_on_is_cut(length: int) -> None:
    (problem,) = find_sources(["[" * length])
    assert isinstance(problem, InputError)
    assert problem.file.endswith("[...")
    assert len(problem.file) < 1100


def test_what_is_not_there_is_a_problem_and_the_rest_is_found(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    first, second = find_sources([tmp_path / "none.png", tmp_path / "a.png"])
    assert first == InputError(str(tmp_path / "none.png"), "there is no such file, folder or camera")
    assert isinstance(second, ImageSource)


def test_a_gif_with_several_frames_moves_and_one_with_a_single_one_does_not(tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.fromarray(picture((10 * n, 10))) for n in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(tmp_path / "still.gif")
    moving, still = find_sources([tmp_path])
    assert moving == VideoSource(tmp_path / "moving.gif", Path("moving.gif"), is_animation=True)
    assert isinstance(still, ImageSource)


def test_a_folder_that_may_not_be_listed_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.png", "closed/b.png")
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list(find_sources([tmp_path]))
    assert InputError(str(tmp_path / "closed"), "cannot list the folder: Permission denied") in found
    assert any(isinstance(one, ImageSource) for one in found)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_standard_input_may_be_a_list_of_files(tmp_path: Path, end: str) -> None:
    names = [f"a picture {number} ü.png" for number in range(40)]  # more than one look at the list
    touch(tmp_path, *names)
    listed = end.join(str(tmp_path / name) for name in names).encode()
    found = [one.path.name for one in find_sources(["-"], io.BytesIO(listed)) if isinstance(one, ImageSource)]
    assert found == names


@pytest.mark.parametrize(("given", "told"), [(b"\n", "it is empty"), (b"\x89PNG\x1a", "expected paths")])
def test_standard_input_that_is_no_list_is_a_problem(given: bytes, told: str) -> None:
    (found,) = find_sources(["-"], io.BytesIO(given))
    assert isinstance(found, InputError)
    assert found.file == "stdin"
    assert found.reason.startswith(told)
