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
    """Draw images of different sizes, which cannot be stacked into a batch."""
    wide = np.concatenate([draw_face("anger", 1, 96), draw_face("neutral", 2, 96)], axis=1)
    return [draw_face("happiness", 0, 128), wide, draw_face("sadness", 3, 80)[:, 8:72].copy()]


def _is_same(one: Detections, other: Detections) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in SHAPES]
    return all(a.shape == b.shape and np.allclose(a, b, atol=0.1, equal_nan=True) for a, b in pairs)


@check("detector")
def has_a_version(subject: ComponentUnderTest) -> None:
    """It has a `version`. ferkit caches detections by version."""
    version = getattr(subject.built, "version", None)
    fix = 'Set self.version, such as importlib.metadata.version("its-package"). The cache depends on it.'
    expect(isinstance(version, str) and bool(version), "version, a string", repr(version), fix)


@check("detector")
def answers_for_each_image(subject: ComponentUnderTest) -> None:
    """It returns one Detections for each image, and an empty list for no image."""
    for images in (_images(), []):
        found = subject.built(images)
        is_right = len(found) == len(images) and all(isinstance(one, Detections) for one in found)
        got = f"{len(found)} of {sorted({type(one).__name__ for one in found})}"
        fix = "Return a list with ferkit.plugin.Detections for each image, with 0 boxes if there is no face."
        expect(is_right, f"{len(images)} Detections for {len(images)} images", got, fix)


@check("detector")
def gives_arrays_as_agreed(subject: ComponentUnderTest) -> None:
    """It returns finite float32 arrays: boxes (N, 4), scores (N,), landmarks (N, 5, 2)."""
    for found in subject.built(_images()):
        fix = "Return np.asarray(boxes, dtype=np.float32).reshape(-1, 4), and (-1,) and (-1, 5, 2) likewise."
        expect_agreed(wrong_detections(found), fix)
        for name in SHAPES:
            array = getattr(found, name)
            got = getattr(array, "dtype", type(array))
            expect(got == np.float32, f"{name}: a float32 array", got, fix)
            is_right = bool(np.isfinite(array).all()) or (name == "landmarks" and _is_all_or_none(array))
            expect(is_right, f"{name}: finite numbers", "others", "Remove these faces.")


def _is_all_or_none(landmarks: NDArray[np.float32]) -> bool:
    """Return True if the landmarks of each face are all finite or all NaN."""
    known = np.isfinite(landmarks).all(axis=(1, 2))
    return bool((known | np.isnan(landmarks).all(axis=(1, 2))).all())


@check("detector")
def gives_boxes_with_an_area(subject: ComponentUnderTest) -> None:
    """Boxes have x0 < x1 and y0 < y1 in pixels, and overlap the image."""
    for image, found in zip(_images(), subject.built(_images()), strict=True):
        fix = "Return x0 y0 x1 y1 in pixels, not width and height, and not fractions of the image."
        expect_agreed(wrong_boxes(found, image.shape), fix)
        for x0, y0, x1, y1 in found.boxes:
            got = f"{x0:.2f} {y0:.2f} {x1:.2f} {y1:.2f}"
            is_large = x1 - x0 > 1 or y1 - y0 > 1
            expect(is_large, "boxes in pixels", got, "Multiply by the width and height of the image.")


@check("detector")
def gives_scores_from_0_to_1(subject: ComponentUnderTest) -> None:
    """Scores are from 0 to 1."""
    scores = np.concatenate([found.scores for found in subject.built(_images())])
    is_right = bool(((scores >= 0) & (scores <= 1)).all())
    fix = "Return probabilities: the sigmoid of logits, or percents divided by 100."
    expect(is_right, "scores from 0 to 1", scores.tolist(), fix)


@check("detector")
def keeps_the_order_of_images(subject: ComponentUnderTest) -> None:
    """The faces of an image do not depend on the other images or their order."""
    images = _images()
    whole, backwards = subject.built(images), list(reversed(subject.built(images[::-1])))
    alone = [subject.built([image])[0] for image in images]
    for number, (one, *others) in enumerate(zip(whole, backwards, alone, strict=True)):
        is_right = all(_is_same(one, other) for other in others)
        fix = "Return the results in the order of the images, also if you group them by size."
        expect(is_right, f"the same faces of image {number} each time", "different faces", fix)


@check("detector")
def takes_grey_and_tiny_images(subject: ComponentUnderTest) -> None:
    """It accepts grey, black, white and tiny images, down to one pixel."""
    grey = np.repeat(draw_face("neutral")[:, :, :1], 3, axis=2)
    odd: Images = [grey, *(np.full((64, 64, 3), level, np.uint8) for level in (0, 255))]
    tiny: Images = [np.full((side, side, 3), 127, np.uint8) for side in (1, 7, 16)]
    for image in [*odd, *tiny]:
        found = subject.built([image])
        got = f"{len(found)} results for an image of {image.shape[0]} pixels"
        fix = "Return Detections with 0 boxes for an image that is too small."
        expect(len(found) == 1, "one result", got, fix)


@check("detector")
def leaves_images_alone(subject: ComponentUnderTest) -> None:
    """It does not change the images."""
    images = _images()
    subject.built(images)
    is_right = all(np.array_equal(one, other) for one, other in zip(images, _images(), strict=True))
    expect(is_right, "the unchanged images", "changed in place", "Work on a copy.")


@check("detector")
def detects_alike_each_time(subject: ComponentUnderTest) -> None:
    """It returns the same faces twice. Detections are cached."""
    pairs = zip(subject.built(_images()), subject.built(_images()), strict=True)
    is_right = all(_is_same(one, other) for one, other in pairs)
    fix = "Put the network into eval mode, and remove random operations."
    expect(is_right, "the same faces each time", "different faces", fix)


@check("detector")
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Duration, without a limit."""
    images = _images()
    started = time.perf_counter()
    subject.built(images)
    return f"{(time.perf_counter() - started) * 1e3 / len(images):.1f} ms an image"
