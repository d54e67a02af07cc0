"""Each kind changes what it should, by as much as its level says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.assess.shift.effects import BOXES, GREY, PIXELS, apply, cut_face, face_side
from ferkit.assess.shift.kinds import KINDS, read_kinds
from ferkit.data.crops import crop_detected
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError
from ferkit.interfaces import Detections

Image = NDArray[np.uint8]


def draw_face() -> Image:
    """A face with eyes and a mouth, 80 by 80 at (60, 40), on a blue ground."""
    image = np.full((160, 200, 3), (40, 80, 160), np.uint8)
    cv2.ellipse(image, (100, 80), (40, 40), 0, 0, 360, (220, 180, 150), -1)
    for center in ((85, 68), (115, 68)):
        cv2.circle(image, center, 5, (30, 20, 20), -1)
    cv2.ellipse(image, (100, 95), (18, 8), 0, 0, 180, (160, 30, 40), -1)
    return image


def locate(*box: float) -> Detections:
    points = [[(85, 68), (115, 68), (100, 80), (82, 95), (118, 95)]]
    boxes = np.array([box or (60, 40, 140, 120)], np.float32)
    return Detections(boxes, np.ones(1, np.float32), np.array(points, np.float32))


def change(name: str, level: float | None, image: Image, seed: int = 0) -> Image:
    return apply(name, level, image, locate(), np.random.default_rng(seed))[0]


def move(name: str, level: float, seed: int = 0) -> Detections:
    return apply(name, level, draw_face(), locate(), np.random.default_rng(seed))[1]


@pytest.mark.parametrize("name", KINDS)
def test_level_none_changes_nothing(name: str) -> None:
    image, found = draw_face(), locate()
    same, face = apply(name, None, image, found, np.random.default_rng(0))
    assert same is image
    assert face is found


@pytest.mark.parametrize("name", KINDS)
def test_the_given_image_and_face_are_not_modified(name: str) -> None:
    image, found = draw_face(), locate()
    for level in KINDS[name].levels:
        changed, moved = apply(name, level, image, found, np.random.default_rng(0))
        assert (name in PIXELS) == (not np.array_equal(changed, image))
        assert (name in BOXES) == (not np.array_equal(moved.boxes, found.boxes))
    assert np.array_equal(image, draw_face())
    assert np.array_equal(found.boxes, locate().boxes)


@pytest.mark.parametrize(
    ("name", "level", "key"),
    [
        ("jpeg", 0, "100"),
        ("jpeg", 101, "100"),
        ("occlusion", 1.5, "at most 1"),
        ("dark", -1, "above 0"),
        ("noise", np.nan, "nan"),
    ],
)
def test_an_impossible_level_is_refused(name: str, level: float, key: str) -> None:
    with pytest.raises(DataError, match=f"{name}.*{key}"):
        change(name, level, draw_face())


@pytest.mark.parametrize("name", KINDS)
def test_an_image_that_is_not_rgb_or_has_no_face_is_refused(name: str) -> None:
    level = KINDS[name].levels[0]
    with pytest.raises(DataError, match=r"uint8.*float64"):
        change(name, level, draw_face().astype(np.float64))
    nothing = Detections(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
    )
    with pytest.raises(DataError, match="face"):
        apply(name, level, draw_face(), nothing, np.random.default_rng(0))


def test_blur_is_a_gaussian_whose_sigma_is_a_fraction_of_the_face() -> None:
    image = np.zeros((161, 201, 3), np.uint8)
    image[:, 100:] = 200
    row = change("blur", 0.05, image)[80, :, 0].astype(float)
    spread = np.diff(row)
    places = np.arange(len(spread)) + 0.5
    mean = (spread * places).sum() / spread.sum()
    assert np.sqrt((spread * (places - mean) ** 2).sum() / spread.sum()) == pytest.approx(0.05 * 80, rel=0.03)


def test_the_side_of_a_face_is_that_of_a_square_of_its_area() -> None:
    assert face_side(np.array([0, 0, 50, 200], np.float32)) == 100
    assert face_side(np.array([5, 5, 5, 9], np.float32)) == 1


def test_noise_has_the_sigma_of_its_level_and_no_bias() -> None:
    plain = np.full((160, 200, 3), 128, np.uint8)
    noise = change("noise", 20, plain).astype(float) - 128
    assert noise.std() == pytest.approx(20, rel=0.02)
    assert abs(noise.mean()) < 0.3
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


def test_noise_of_two_levels_is_the_same_pattern() -> None:
    plain = np.full((160, 200, 3), 128, np.uint8)
    weak, strong = (change("noise", level, plain).astype(float) - 128 for level in (10, 20))
    assert np.abs(strong - 2 * weak).max() <= 2


def test_jpeg_is_opencv_s_file_of_that_quality() -> None:
    image = draw_face()
    for quality in (50, 5):
        _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        expected = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        assert expected is not None
        assert np.array_equal(change("jpeg", quality, image), expected[..., ::-1])


def test_darkness_multiplies_the_pixels() -> None:
    image = draw_face()
    assert np.array_equal(change("dark", 0.25, image), np.rint(image * 0.25).astype(np.uint8))


def test_a_small_face_has_no_more_detail_than_its_side_allows() -> None:
    fine = np.zeros((160, 200, 3), np.uint8)
    fine[:, ::5] = 200
    shrunk = change("small", 16, fine)  # a pixel of the small face is the mean of 5 by 5
    assert shrunk.shape == fine.shape
    assert (shrunk == 40).all()
    assert (change("small", 32, fine) != 40).any()


def test_a_face_that_is_smaller_than_the_level_stays_as_it_is() -> None:
    image = draw_face()
    tiny = locate(60, 40, 80, 60)
    assert apply("small", 24, image, tiny, np.random.default_rng(0))[0] is image


@pytest.mark.parametrize("level", KINDS["occlusion"].levels)
def test_occlusion_covers_its_fraction_of_the_box_and_nothing_else(level: float) -> None:
    white = np.full((160, 200, 3), 255, np.uint8)
    for seed in range(5):
        hidden = (change("occlusion", level, white, seed) == GREY).all(axis=2)
        assert hidden[40:120, 60:140].mean() == pytest.approx(level, abs=0.02)
        assert hidden.sum() == hidden[40:120, 60:140].sum()


def test_occlusion_covers_its_fraction_of_what_the_image_shows_of_the_box() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    hidden, _ = apply("occlusion", 0.3, white, locate(-50, -50, 50, 50), np.random.default_rng(1))
    assert (hidden[:50, :50] == GREY).mean() == pytest.approx(0.3, abs=0.03)


def test_grey_keeps_the_luma_and_removes_colour() -> None:
    image = draw_face()
    grey = change("grey", 1, image)
    assert (np.ptp(grey, axis=2) == 0).all()
    luma = image @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[..., 0] - luma).max() <= 1


def test_a_tighter_and_a_looser_box_keep_the_center() -> None:
    assert move("tighter", 0.25).boxes[0].tolist() == [70, 50, 130, 110]
    assert move("looser", 0.5).boxes[0].tolist() == [40, 20, 160, 140]


def test_a_displaced_box_keeps_its_size_and_moves_by_its_level() -> None:
    directions = set()
    for seed in range(8):
        x0, y0, x1, y1 = move("off_center", 0.2, seed).boxes[0].tolist()
        assert (x1 - x0, y1 - y0) == (pytest.approx(80, abs=1e-3), pytest.approx(80, abs=1e-3))
        assert np.hypot(x0 - 60, y0 - 40) == pytest.approx(0.2 * 80, abs=1e-3)
        directions.add((x0 > 60, y0 > 40))
    assert len(directions) > 1


def test_an_aligned_crop_follows_the_box() -> None:
    found, moved = locate(), move("looser", 0.5)
    center = np.array([100, 80])
    assert np.allclose(moved.landmarks[0] - center, 1.5 * (found.landmarks[0] - center), atol=1e-4)


def test_the_crop_of_a_cut_face_is_that_of_the_image() -> None:
    image = draw_face()
    for box in ((60.4, 40.7, 140.2, 120.9), (-20.3, -5.5, 60.1, 90.2), (150.5, 100.5, 230.0, 170.0)):
        for options in (FaceOptions(margin=0.2), FaceOptions(align="similarity", padding=0.1)):
            found = locate(*box)
            near, face = cut_face(image, found, options)
            if options.align == "none" or box[0] == 60.4:
                expected = crop_detected(image, found, 0, options)
                assert np.array_equal(crop_detected(near, face, 0, options), expected)
    assert near.shape[0] < image.shape[0]


def test_names_are_read_in_one_order_and_unknown_ones_are_refused() -> None:
    assert read_kinds("noise, blur") == ("blur", "noise")
    assert read_kinds(["jpeg"]) == ("jpeg",)
    assert read_kinds(True) == read_kinds("all") == tuple(KINDS)
    assert read_kinds(False) == read_kinds(()) == read_kinds("") == ()
    with pytest.raises(DataError, match=r"blurr.*Did you mean 'blur'"):
        read_kinds("noise,blurr")
    with pytest.raises(DataError, match=r"'nois'.*'noise'"):
        apply("nois", 1, draw_face(), locate(), np.random.default_rng(0))


def test_levels_go_from_weak_to_strong() -> None:
    weak_first_is_large = {"jpeg", "dark", "small"}
    for name, kind in KINDS.items():
        assert list(kind.levels) == sorted(kind.levels, reverse=name in weak_first_is_large)
