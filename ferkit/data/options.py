"""The recipe sections [faces] and [manifest]."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.components.part import Section


class ManifestOptions(Section):
    """The list of images that the recipe was written for.

    Attributes:
        file: A file from `ferkit data manifest`, or the name of a bundled manifest.
        differs: If the images differ: "refuse" stops the run, "warn" prints a warning.
    """

    file: str
    differs: Literal["refuse", "warn"] = "warn"


class FaceOptions(Section):
    """Cropping of faces from images.

    Attributes:
        margin: Margin around the box, as a fraction of its longer side.
        no_face: For an image without a detected face: use the whole image, or skip the image.
        unreadable: For a broken image file: stop the run, or skip the file.
        duplicates: For identical faces, pixel for pixel: keep all, or drop duplicates. "drop" keeps a test
            image before a validation image, and this before a training image. Within one split, it keeps the
            first image, or none if the labels differ.
    """

    margin: float = Field(default=0.0, ge=0)
    no_face: Literal["whole_image", "skip"] = "whole_image"
    unreadable: Literal["stop", "skip"] = "stop"
    duplicates: Literal["keep", "drop"] = "keep"
