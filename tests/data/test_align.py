"""Aligned faces: landmarks land on the template, however the head is turned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from skimage.data import astronaut
from skimage.transform import SimilarityTransform

from ferkit.data.align import align_face, fit_similarity, template_points
from ferkit.data.crops import crop_detected
from ferkit.data.options import FaceOptions
from ferkit.interfaces import Detections

POINTS = np.array([(205, 113), (243, 111), (227, 133), (209, 152), (244, 150)], np.float32)
"""Landmarks of the astronaut, in pixels."""
ALIGNED = FaceOptions(align="similarity")


def turned(degrees: float, scale: float = 1.0) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The astronaut, rotated around her nose, and her landmarks."""
    matrix = cv2.getRotationMatrix2D((227.0, 133.0), degrees, scale)
    image = cv2.warpAffine(astronaut(), matrix, (512, 512), flags=cv2.INTER_CUBIC)
    centers = (POINTS - 0.5) @ matrix[:, :2].T + matrix[:, 2]  # OpenCV counts from the center of a pixel
    return image, (centers + 0.5).astype(np.float32)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("padding", [0.0, 0.25])
@pytest.mark.parametrize("size", [64, 112, 160])
def test_landmarks_land_on_the_template_within_a_pixel(size: int, padding: float) -> None:
    options = FaceOptions(align="similarity", size=size, padding=padding)
    rng = np.random.default_rng(0)
    move = SimilarityTransform(scale=150.0, rotation=0.4, translation=(130, 90))
    marks = move(template_points(options)) + rng.normal(0, 0.2, (5, 2))
    for number in range(5):
        image = np.zeros((400, 400, 3), np.uint8)
        x, y = marks[number]
        cv2.circle(image, (round(x * 16 - 8), round(y * 16 - 8)), 4 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
        crop = align_face(image, marks.astype(np.float32), options)
        assert crop is not None
        assert crop.shape == (size, size, 3)
        weights = crop[..., 0].astype(float)
        rows, columns = np.mgrid[:size, :size] + 0.5
        center = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
        assert np.abs(center - size * template_points(options)[number]).max() < 1


@pytest.mark.parametrize("place", [(100.0, 500.0), (300.0, 300.0)])
def test_points_at_one_place_determine_no_transform(place: tuple[float, float]) -> None:
    five, template = np.full((5, 2), place), template_points(ALIGNED)
    assert fit_similarity(five, template) is None
    assert fit_similarity(template, five) is None
    nearly = five + 1e-6 * template
    assert fit_similarity(nearly.astype(np.float32), template) is None


def test_the_transform_is_the_least_squares_one_of_umeyama() -> None:
    rng = np.random.default_rng(1)
    source, target = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    found = fit_similarity(source, target)
    error = np.square(source @ found[:, :2].T + found[:, 2] - target).sum()
    for _ in range(200):
        a, b, s, t = rng.normal(0, 0.05, 4) + found[[0, 1, 0, 1], [0, 0, 2, 2]]
        other = source @ np.array([[a, -b], [b, a]]).T + (s, t)
        assert np.square(other - target).sum() >= error
    assert np.linalg.det(found[:, :2]) > 0


@pytest.mark.parametrize("degrees", [-30, 30, 180])
def test_a_turned_head_gives_nearly_the_same_crop(degrees: float) -> None:
    options = FaceOptions(align="similarity", size=64, padding=0.1)
    upright = align_face(astronaut(), POINTS, options)
    image, points = turned(degrees)
    crop = align_face(image, points, options)
    assert difference(crop, upright) < 4
    box = np.array([[190, 80, 260, 180]], np.float32)
    found = Detections(box, np.ones(1, np.float32), points[None])
    unaligned = cv2.resize(crop_detected(image, found, 0, FaceOptions()), (64, 64))
    assert difference(unaligned, upright) > 20


def test_a_mirrored_image_gives_the_mirrored_crop() -> None:
    options = FaceOptions(
        align="similarity", size=80, template=((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    )
    mirrored = POINTS * (-1, 1) + (512, 0)
    swapped = mirrored[[1, 0, 2, 4, 3]].astype(np.float32)
    crop = align_face(np.ascontiguousarray(astronaut()[:, ::-1]), swapped, options)
    assert difference(crop[:, ::-1], align_face(astronaut(), POINTS, options)) < 1


def test_a_crop_has_the_size_of_the_face_in_the_image_by_default() -> None:
    small, large = (align_face(*turned(0, scale), ALIGNED) for scale in (1.0, 2.0))
    assert large.shape[0] == pytest.approx(2 * small.shape[0], abs=1)
    assert 60 < small.shape[0] < 160


def test_a_shrunk_crop_is_free_of_aliasing() -> None:
    """A fine chessboard becomes grey; without a low pass it would stay black and white."""
    board = np.indices((800, 800)).sum(axis=0) % 2 * 255
    image = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    marks = (template_points(ALIGNED) * 800).astype(np.float32)
    crop = align_face(image, marks, FaceOptions(align="similarity", size=50))
    assert crop[2:-2, 2:-2].std() < 5


def test_only_the_part_of_a_huge_image_that_shows_the_face_is_warped() -> None:
    image = np.full((60, 40_000, 3), 90, np.uint8)
    marks = (template_points(ALIGNED) * 50 + (39_000, 5)).astype(np.float32)
    assert align_face(image, marks, ALIGNED).shape == (50, 50, 3)


@pytest.mark.parametrize(
    "points",
    [
        np.full((5, 2), np.nan),
        np.full((5, 2), 20.0),
        POINTS + 1e6,
        np.where(np.eye(5, 2) > 0, np.nan, POINTS),
    ],
    ids=["unknown", "one point", "outside the image", "partly unknown"],
)
def test_a_face_that_cannot_be_aligned_is_cropped_by_its_box(points: NDArray[np.float32]) -> None:
    box = np.array([[190, 80, 260, 180]], np.float32)
    found = Detections(box, np.ones(1, np.float32), points.astype(np.float32)[None])
    assert np.array_equal(crop_detected(astronaut(), found, 0, ALIGNED), astronaut()[80:180, 190:260])


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"align": "affine"}, "align"),
        ({"template": "dlib"}, "template"),
        ({"template": ((0.1, 0.2),)}, "template"),
        ({"template": ((0.1, 0.2),) * 4 + ((0.1, 30.0),)}, "template"),
        ({"template": ((0.5, 0.4),) * 5}, r"(?s)template.*within 0 x 0"),
        ({"size": 0}, "size"),
        ({"padding": -0.1}, "padding"),
    ],
)
def test_options_outside_their_range_are_refused(options: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        FaceOptions(**options)


def test_unused_alignment_is_not_written() -> None:
    """Runs and models of earlier versions stay resumable and readable."""
    assert FaceOptions().model_dump().keys() == {"margin", "no_face", "unreadable", "duplicates"}
    assert FaceOptions(**ALIGNED.model_dump()) == ALIGNED
