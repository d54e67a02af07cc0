"""What a network is shown of a face: of a colour image the same as of a grey one, where asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import FaceImages
from ferkit.neural.preprocessing import Normalisation, to_grey
from tests.builders import LABELS
from tests.neural.tiny import FACES, tiny_estimator

COLOURS = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)


def test_grey_is_the_luma_in_every_channel() -> None:
    red, green, blue = (COLOURS[..., channel].astype(float) for channel in range(3))
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    grey = to_grey(COLOURS)
    assert grey.shape == COLOURS.shape
    for channel in range(3):
        np.testing.assert_allclose(grey[..., channel], expected, atol=0.51)


def test_what_is_grey_stays_as_it_is() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_array_equal(to_grey(levels), levels)


@pytest.mark.parametrize("normalize", ["facenet", "imagenet"])
def test_a_colour_image_is_normalised_as_its_grey_version_only_where_grey_is_asked_for(
    normalize: str,
) -> None:
    grey = Normalisation(normalize, "grey")
    np.testing.assert_array_equal(grey(COLOURS), Normalisation(normalize)(to_grey(COLOURS)))
    assert not np.array_equal(grey(COLOURS), Normalisation(normalize)(COLOURS))


def test_faces_are_grey_after_whatever_alters_their_colours() -> None:
    tint = Augmentation([Part(name="RGBShift", r_shift_limit=[60, 60], p=1.0)], 24, load_plugins())
    face = replace(FACES[0], image=COLOURS)
    pixels, _ = FaceImages([face], LABELS, 24, "facenet", tint, color="grey")[1, 0]
    assert torch.equal(pixels[0], pixels[1])
    plain, _ = FaceImages([face], LABELS, 24, "facenet", tint)[1, 0]
    assert not torch.equal(plain[0], plain[1])


def test_a_network_of_grey_faces_answers_alike_for_colour_and_grey() -> None:
    estimator = tiny_estimator(epochs=1)
    estimator.model = estimator.model.model_copy(update={"color": "grey"})
    list(estimator.fit(FACES, FACES[:1]))
    colour = [replace(FACES[0], image=COLOURS)]
    grey = [replace(FACES[0], image=to_grey(COLOURS))]
    np.testing.assert_array_equal(estimator.predict(colour), estimator.predict(grey))
    estimator.model = estimator.model.model_copy(update={"color": "rgb"})
    assert not np.array_equal(estimator.predict(colour), estimator.predict(grey))
