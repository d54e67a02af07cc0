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
    """(D,) finite floats."""
    found = np.asarray(subject.built(_grey()))
    is_right = found.ndim == 1 and found.size > 0 and found.dtype.kind == "f"
    came = f"{found.dtype} of shape {found.shape}"
    expect(is_right, "floats of shape (D,)", came, "Flatten what it gives, as float64.")
    bad = int((~np.isfinite(found)).sum())
    expect(bad == 0, "finite numbers", f"{bad} that are not", "Look for a division by 0.")


@check("descriptor")
def has_one_length_for_a_size(subject: ComponentUnderTest) -> None:
    """As many numbers for every image of one size."""
    lengths = [len(subject.built(_grey(number))) for number in range(2)]
    lengths.append(len(subject.built(np.zeros((SIDE, SIDE)))))
    mend = "Let its length depend on the options and the image's size alone."
    expect(len(set(lengths)) == 1, "one length", lengths, mend)


@check("descriptor")
def describes_a_flat_image(subject: ComponentUnderTest) -> None:
    """Finite numbers for an image of one grey."""
    for grey in (0.0, 255.0):
        bad = int((~np.isfinite(subject.built(np.full((SIDE, SIDE), grey)))).sum())
        mend = "Where the sum, the norm or the deviation is 0, divide by 1."
        expect(bad == 0, f"finite numbers for an image that is {grey:g} all over", f"{bad} others", mend)


@check("descriptor")
def tells_images_apart(subject: ComponentUnderTest) -> None:
    """Other numbers for another face."""
    is_right = not np.array_equal(subject.built(_grey()), subject.built(255 - _grey()[::-1]))
    mend = "Let what it gives depend on the image."
    expect(is_right, "other numbers for another image", "the same", mend)


@check("descriptor")
def describes_alike_each_time(subject: ComponentUnderTest) -> None:
    """The same numbers twice, and by another object of the same options."""
    first, again, other = subject.built(_grey()), subject.built(_grey()), subject.build()(_grey())
    mend = "Let nothing random in it, and keep nothing from one image to the next."
    is_right = np.array_equal(first, again) and np.array_equal(first, other)
    expect(is_right, "the same numbers each time: they are kept on disk", "others", mend)


@check("descriptor")
def leaves_the_image_alone(subject: ComponentUnderTest) -> None:
    """The image, unchanged."""
    image = _grey()
    subject.built(image)
    mend = "Work on a copy: other descriptors are given the same image."
    expect(np.array_equal(image, _grey()), "the image as it was", "changed in place", mend)


@check("descriptor")
def refuses_a_tiny_image_in_words(subject: ComponentUnderTest) -> None:
    """One pixel: a row, or a ValueError that says what it needs."""
    try:
        subject.built(np.zeros((1, 1)))
    except ValueError:
        return
    except Exception as error:
        mend = "Check the image's size first, and raise ValueError with the option and the size it needs."
        expect(False, "a row, or a ValueError", f"{type(error).__name__}: {error}", mend)


@check("descriptor")
def signs_with_every_option(subject: ComponentUnderTest) -> None:
    """Another signature for another option: what was computed is kept under it."""
    own = getattr(subject.built, "signature", None)
    mend = 'Set self.signature = f"name 1 option={option} ...": its name, a version and every option.'
    expect(isinstance(own, str) and bool(own), "signature, a string", repr(own), mend)
    for name, parameter in option_parameters(subject.component).items():
        for value in _others(subject.options.get(name, parameter.default)):
            changed = subject.accepts(**{name: value})
            if changed is not None:
                is_right = changed.signature != own
                expect(is_right, f"another signature for {name} = {value!r}", f"{own!r} again", mend)


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    return [value + 1, value + 2] if isinstance(value, int | float) else []


@check("descriptor")
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Measured, not judged."""
    image = _grey()
    started = time.perf_counter()
    subject.built(image)
    return f"{(time.perf_counter() - started) * 1e3:.2f} ms for a face of {SIDE} pixels"
