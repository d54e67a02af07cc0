"""Hard cuts are found; pans, flashes, fades and black frames are not taken for cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from ferkit.predict.media.cuts import Cut, CutDetector

Image = NDArray[np.uint8]


def wide(image: Image) -> Image:
    """480 by 180 pixels: three screens of 160 by 90 a side."""
    return np.asarray(cv2.resize(image, (480, 180), interpolation=cv2.INTER_AREA), np.uint8)


SCENES = [wide(one) for one in (data.astronaut(), data.coffee(), data.chelsea(), data.rocket())]
BLACK = np.zeros((90, 160, 3), np.uint8)


def shot(scene: Image, count: int, step: int = 2, seed: int = 0) -> list[Image]:
    """A view that moves to the right, with the noise of a camera."""
    noise = np.random.default_rng(seed).normal(0, 3, (count, 90, 160, 3))
    views = [scene[40:130, 20 + step * n :][:, :160].astype(float) for n in range(count)]
    return [np.clip(view + one, 0, 255).astype(np.uint8) for view, one in zip(views, noise, strict=True)]


def dim(image: Image, factor: float, offset: float = 0) -> Image:
    return np.clip(image * factor + offset, 0, 255).astype(np.uint8)


def cuts(frames: Sequence[Image]) -> list[int]:
    detect = CutDetector()
    return [number for number, frame in enumerate(frames) if detect(frame) is Cut.CERTAIN]


@pytest.mark.parametrize("look", [lambda one: one, lambda one: one.mean(2, keepdims=True).repeat(3, 2)])
@pytest.mark.parametrize("step", [0, 6])
def test_each_cut_between_scenes_is_found(look: Callable[[Image], Image], step: int) -> None:
    frames = [frame for number, one in enumerate(SCENES) for frame in shot(one, 12, step, number)]
    assert cuts([look(frame).astype(np.uint8) for frame in frames]) == [12, 24, 36]


def test_a_shot_of_one_frame_has_two_cuts() -> None:
    frames = [*shot(SCENES[0], 8), *shot(SCENES[1], 1), *shot(SCENES[2], 8)]
    assert cuts(frames) == [8, 9]


@pytest.mark.parametrize("scene", SCENES)
def test_a_pan_that_starts_at_once_is_no_cut(scene: Image) -> None:
    frames = [*shot(scene, 8, 0), *shot(scene, 9, 30), *([shot(scene, 9, 30)[-1]] * 5)]
    assert cuts(frames) == []


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(("factor", "offset"), [(2.0, 30), (0.2, 0), (0, 255)])
def test_a_flash_is_no_cut(scene: Image, factor: float, offset: float) -> None:
    frames = shot(scene, 20)
    frames[9:11] = [dim(frame, factor, offset) for frame in frames[9:11]]
    assert cuts(frames) == []


@pytest.mark.parametrize("scene", SCENES)
def test_a_fade_to_black_and_back_is_no_cut(scene: Image) -> None:
    levels = [*np.linspace(1, 0, 12), 0, 0, *np.linspace(0, 1, 12)]
    assert cuts([dim(frame, level) for frame, level in zip(shot(scene, 26), levels, strict=True)]) == []


def test_a_scene_that_fades_in_after_another_faded_out_is_one_cut() -> None:
    out = [dim(frame, level) for frame, level in zip(shot(SCENES[0], 12), np.linspace(1, 0, 12), strict=True)]
    fade = [
        dim(frame, level) for frame, level in zip(shot(SCENES[1], 12), np.linspace(0, 1, 12), strict=True)
    ]
    (cut,) = cuts([*out, BLACK, BLACK, *fade])
    assert 14 < cut < 20


def test_a_frame_of_another_size_is_a_cut() -> None:
    assert cuts([*shot(SCENES[0], 2), SCENES[0], SCENES[0]]) == [2]


def test_a_blank_video_has_no_cut() -> None:
    assert cuts([BLACK, BLACK + 1, BLACK + 255, BLACK]) == []


def test_another_face_before_the_same_wall_is_a_possible_cut() -> None:
    """The wall is most of the frame, so both frames are similar."""

    def portrait(hair: int) -> Image:
        image = np.full((90, 160, 3), 215, np.uint8)
        cv2.ellipse(image, (80, 48), (24, 34), 0, 0, 360, (hair, hair, hair), -1)
        cv2.ellipse(image, (80, 54), (17, 24), 0, 0, 360, (200 - hair // 2, 150, 120), -1)
        return image

    detect = CutDetector()
    found = [detect(portrait(hair)) for hair in (20, 20, 20, 160, 160, 160)]
    assert found[3] is Cut.POSSIBLE
    assert {one for n, one in enumerate(found) if n != 3} == {Cut.NONE}


def test_a_wall_with_a_uniform_centre_is_a_cut() -> None:
    wall = np.full((240, 320, 3), 200, np.uint8)
    wall[:, :40] = cv2.resize(data.astronaut(), (40, 240))
    scene = cv2.resize(data.coffee(), (320, 240))
    assert cuts([scene] * 5 + [wall] * 3) == [5]
