"""The recipe sections [faces] and [manifest]."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.components.part import Section


class ManifestOptions(Section):
    """The list of images that the recipe is meant for.

    file: made by `ferkit data manifest`, or the name of one that ferkit ships; differs: whether a run on
    other images stops or only says so.
    """

    file: str
    differs: Literal["refuse", "warn"] = "warn"


class FaceOptions(Section):
    """How images become crops.

    margin: added around the box, as a fraction of its longer side; no_face: what becomes of an image
    in which no face is found; unreadable: what becomes of a file that is no whole image; duplicates: what
    becomes of a face that is, pixel for pixel, another's. "drop" gives up those in the training split
    for validation and test images, and of those in one split keeps the first, or none where labels differ.
    """

    margin: float = Field(default=0.0, ge=0)
    no_face: Literal["whole_image", "skip"] = "whole_image"
    unreadable: Literal["stop", "skip"] = "stop"
    duplicates: Literal["keep", "drop"] = "keep"
