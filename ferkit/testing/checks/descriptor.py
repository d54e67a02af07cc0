"""Checks of descriptors."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferkit.components.options import option_parameters
from ferkit.testing.check import check, expect
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import draw_face

SIDE = 96


def _grey(number: int = 0) -> NDArray[np.float64]:
    image = Image.fromarray(draw_face("happiness", number, SIDE)).convert("L")
    return np.asarray(image, dtype=np.float64)


@check("descriptor")
def gives_a_row_of_finite_numbers(subject: ComponentUnderTest) -> None:
    """It returns (D,) finite floats."""
    found = np.asarray(subject.built(_grey()))
    is_right = found.ndim == 1 and found.size > 0 and found.dtype.kind == "f"
    got = f"{found.dtype} of shape {found.shape}"
    expect(is_right, "floats of shape (D,)", got, "Return a flat float64 array.")
    bad = int((~np.isfinite(found)).sum())
    expect(bad == 0, "finite numbers", f"{bad} that are not finite", "Look for a division by 0.")


@check("descriptor")
def has_one_length_for_a_size(subject: ComponentUnderTest) -> None:
    """The number of features is the same for all images of one size."""
    lengths = [len(subject.built(_grey(number))) for number in range(2)]
    lengths.append(len(subject.built(np.zeros((SIDE, SIDE)))))
    fix = "Make the length depend only on the options and the size of the image."
    expect(len(set(lengths)) == 1, "one length", lengths, fix)


@check("descriptor")
def describes_a_flat_image(subject: ComponentUnderTest) -> None:
    """It returns finite numbers for an image with a single grey value."""
    for grey in (0.0, 255.0):
        bad = int((~np.isfinite(subject.built(np.full((SIDE, SIDE), grey)))).sum())
        fix = "If the sum, the norm or the deviation is 0, divide by 1."
        expect(bad == 0, f"finite numbers for a uniform image of {grey:g}", f"{bad} others", fix)


@check("descriptor")
def tells_images_apart(subject: ComponentUnderTest) -> None:
    """It returns different numbers for different images."""
    is_right = not np.array_equal(subject.built(_grey()), subject.built(255 - _grey()[::-1]))
    fix = "Compute the features from the image."
    expect(is_right, "different numbers for different images", "the same numbers", fix)


@check("descriptor")
def describes_alike_each_time(subject: ComponentUnderTest) -> None:
    """It returns the same numbers twice, and so does another instance with the same options."""
    first, again, other = subject.built(_grey()), subject.built(_grey()), subject.build()(_grey())
    fix = "Remove random operations, and keep no state between images."
    is_right = np.array_equal(first, again) and np.array_equal(first, other)
    expect(is_right, "the same numbers each time (they are cached)", "different numbers", fix)


@check("descriptor")
def leaves_the_image_alone(subject: ComponentUnderTest) -> None:
    """It does not change the image."""
    image = _grey()
    subject.built(image)
    fix = "Work on a copy. Other descriptors get the same image."
    expect(np.array_equal(image, _grey()), "the unchanged image", "changed in place", fix)


@check("descriptor")
def refuses_a_tiny_image_in_words(subject: ComponentUnderTest) -> None:
    """For an image of one pixel, it returns features or raises ValueError."""
    try:
        subject.built(np.zeros((1, 1)))
    except ValueError:
        return
    except Exception as error:
        fix = "Check the size of the image first, and raise ValueError with the option and the required size."
        expect(False, "features, or a ValueError", f"{type(error).__name__}: {error}", fix)


@check("descriptor")
def signs_with_every_option(subject: ComponentUnderTest) -> None:
    """The signature depends on every option. ferkit caches features by signature."""
    own = getattr(subject.built, "signature", None)
    fix = 'Set self.signature = f"name 1 option={option} ..." with name, version and every option.'
    expect(isinstance(own, str) and bool(own), "signature, a string", repr(own), fix)
    for name, parameter in option_parameters(subject.component).items():
        for value in _others(subject.options.get(name, parameter.default)):
            changed = subject.accepts(**{name: value})
            if changed is not None:
                is_right = changed.signature != own
                expect(is_right, f"another signature for {name} = {value!r}", f"the same, {own!r}", fix)


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    return [value + 1, value + 2] if isinstance(value, int | float) else []


@check("descriptor")
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Duration, without a limit."""
    image = _grey()
    started = time.perf_counter()
    subject.built(image)
    return f"{(time.perf_counter() - started) * 1e3:.2f} ms for a face of {SIDE} pixels"
