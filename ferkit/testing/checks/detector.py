"""Checks of detectors."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferkit.components.contract import SHAPES, wrong_boxes, wrong_detections
from ferkit.interfaces import Detections
from ferkit.testing.check import check, expect, expect_agreed
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import draw_face

Images = Sequence[NDArray[np.uint8]]


def _images() -> list[NDArray[np.uint8]]:
    """Of several sizes, so that no batch can be made of them as they are."""
    wide = np.concatenate([draw_face("anger", 1, 96), draw_face("neutral", 2, 96)], axis=1)
    return [draw_face("happiness", 0, 128), wide, draw_face("sadness", 3, 80)[:, 8:72].copy()]


def _is_same(one: Detections, other: Detections) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in SHAPES]
    return all(a.shape == b.shape and np.allclose(a, b, atol=0.1, equal_nan=True) for a, b in pairs)


@check("detector")
def has_a_version(subject: ComponentUnderTest) -> None:
    """`version`, under which detections are kept."""
    version = getattr(subject.built, "version", None)
    mend = 'Set self.version, e.g. importlib.metadata.version("its-package"): cached detections hang on it.'
    expect(isinstance(version, str) and bool(version), "version, a string", repr(version), mend)


@check("detector")
def answers_for_each_image(subject: ComponentUnderTest) -> None:
    """Detections for each image, and none for no image."""
    for images in (_images(), []):
        found = subject.built(images)
        is_right = len(found) == len(images) and all(isinstance(one, Detections) for one in found)
        came = f"{len(found)} of {sorted({type(one).__name__ for one in found})}"
        mend = "Return a list with ferkit.plugin.Detections for each image, empty ones where no face is."
        expect(is_right, f"{len(images)} Detections for {len(images)} images", came, mend)


@check("detector")
def gives_arrays_as_agreed(subject: ComponentUnderTest) -> None:
    """boxes (N, 4), scores (N,), landmarks (N, 5, 2), float32 and finite."""
    for found in subject.built(_images()):
        mend = "Give np.asarray(boxes, dtype=np.float32).reshape(-1, 4), (-1,) and (-1, 5, 2) likewise."
        expect_agreed(wrong_detections(found), mend)
        for name in SHAPES:
            array = getattr(found, name)
            came = getattr(array, "dtype", type(array))
            expect(came == np.float32, f"{name}: an array of float32", came, mend)
            is_right = bool(np.isfinite(array).all()) or (name == "landmarks" and _is_all_or_none(array))
            expect(is_right, f"{name}: finite numbers", "others", "Leave such faces out.")


def _is_all_or_none(landmarks: NDArray[np.float32]) -> bool:
    """Whether each face has finite landmarks, or none but NaN: those of a detector that finds none."""
    known = np.isfinite(landmarks).all(axis=(1, 2))
    return bool((known | np.isnan(landmarks).all(axis=(1, 2))).all())


@check("detector")
def gives_boxes_with_an_area(subject: ComponentUnderTest) -> None:
    """x0 < x1 and y0 < y1, in pixels, over the image."""
    for image, found in zip(_images(), subject.built(_images()), strict=True):
        mend = "Give x0 y0 x1 y1, not a width and height; in pixels, not in shares of the image."
        expect_agreed(wrong_boxes(found, image.shape), mend)
        for x0, y0, x1, y1 in found.boxes:
            came = f"{x0:.2f} {y0:.2f} {x1:.2f} {y1:.2f}"
            is_large = x1 - x0 > 1 or y1 - y0 > 1
            expect(is_large, "boxes in pixels", came, "Multiply by the image's width and height.")


@check("detector")
def gives_scores_from_0_to_1(subject: ComponentUnderTest) -> None:
    """Scores in 0..1."""
    scores = np.concatenate([found.scores for found in subject.built(_images())])
    is_right = bool(((scores >= 0) & (scores <= 1)).all())
    mend = "Give probabilities: a sigmoid of logits, a hundredth of percents."
    expect(is_right, "scores in 0..1", scores.tolist(), mend)


@check("detector")
def keeps_the_order_of_images(subject: ComponentUnderTest) -> None:
    """The same of an image, alone, among others, and in another order."""
    images = _images()
    whole, backwards = subject.built(images), list(reversed(subject.built(images[::-1])))
    alone = [subject.built([image])[0] for image in images]
    for number, (one, *others) in enumerate(zip(whole, backwards, alone, strict=True)):
        is_right = all(_is_same(one, other) for other in others)
        mend = "Answer in the order of the images; where sizes are put together in batches, undo that."
        expect(is_right, f"the same faces of image {number} each time", "others", mend)


@check("detector")
def takes_grey_and_tiny_images(subject: ComponentUnderTest) -> None:
    """Grey, black and white ones, and a single pixel: without an error."""
    grey = np.repeat(draw_face("neutral")[:, :, :1], 3, axis=2)
    odd: Images = [grey, *(np.full((64, 64, 3), level, np.uint8) for level in (0, 255))]
    tiny: Images = [np.full((side, side, 3), 127, np.uint8) for side in (1, 7, 16)]
    for image in [*odd, *tiny]:
        found = subject.built([image])
        came = f"{len(found)} answers for an image of {image.shape[0]} pixels"
        mend = "Give empty Detections for what is too small to look at."
        expect(len(found) == 1, "an answer for it", came, mend)


@check("detector")
def leaves_images_alone(subject: ComponentUnderTest) -> None:
    """Images, unchanged."""
    images = _images()
    subject.built(images)
    is_right = all(np.array_equal(one, other) for one, other in zip(images, _images(), strict=True))
    expect(is_right, "the images as they were", "changed in place", "Draw on, or scale, a copy.")


@check("detector")
def detects_alike_each_time(subject: ComponentUnderTest) -> None:
    """The same twice: detections are kept on disk."""
    pairs = zip(subject.built(_images()), subject.built(_images()), strict=True)
    is_right = all(_is_same(one, other) for one, other in pairs)
    mend = "Put its network into eval mode, and let nothing random in it."
    expect(is_right, "the same faces each time", "others", mend)


@check("detector")
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Measured, not judged."""
    images = _images()
    started = time.perf_counter()
    subject.built(images)
    return f"{(time.perf_counter() - started) * 1e3 / len(images):.1f} ms for an image"
