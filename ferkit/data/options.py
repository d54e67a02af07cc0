"""The recipe sections [faces] and [manifest]."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from ferkit.components.part import Section


class ManifestOptions(Section):
    """The list of images that the recipe was written for.

    Attributes:
        file: A file from `ferkit data manifest`, or the name of a bundled manifest.
        differs: If the images differ: "refuse" stops the run, "warn" prints a warning.
    """

    file: str
    differs: Literal["refuse", "warn"] = "warn"


Fraction = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Fraction, Fraction]
Points = tuple[Point, Point, Point, Point, Point]
ALIGNMENT = ("align", "template", "size", "padding")
"""Keys of `[faces]` for alignment."""
SMALLEST_EXTENT = 0.05
"""Minimum width or height of a template, as a fraction of the crop's side."""


class FaceOptions(Section):
    """Cropping of faces from images.

    Attributes:
        align: "similarity" rotates, scales and moves each face so that its five landmarks match `template`.
            The detector must give landmarks. "none" crops the box.
        template: Position of the landmarks for `align`: "arcface" (InsightFace), or five points [x, y] in
            fractions of the crop's side, 0 to 1, in the order left eye, right eye, nose, left and right
            corner of the mouth, as seen in the image.
        size: Side of the aligned crop, in pixels, 1 to 2048. Default: the face's own size in the image. The
            network resizes crops to `model.image_size`.
        padding: Space around the template on each side, as a fraction of its side, 0 to 2.
        margin: Margin around the box, as a fraction of its longer side. Not used for aligned faces.
        no_face: For an image without a detected face: use the whole image, or skip the image.
        unreadable: For a broken image file: stop the run, or skip the file.
        duplicates: For identical faces, pixel for pixel: keep all, or drop duplicates. "drop" keeps a test
            image before a validation image, and this before a training image. Within one split, it keeps the
            first image, or none if the labels differ.
    """

    align: Literal["none", "similarity"] = "none"
    template: Literal["arcface"] | Points = "arcface"
    size: int | None = Field(default=None, ge=1, le=2048)
    padding: float = Field(default=0.0, ge=0, le=2)
    margin: float = Field(default=0.0, ge=0)
    no_face: Literal["whole_image", "skip"] = "whole_image"
    unreadable: Literal["stop", "skip"] = "stop"
    duplicates: Literal["keep", "drop"] = "keep"

    @field_validator("template")
    @classmethod
    def _check_extent(cls, template: str | Points) -> str | Points:
        """Refuse points that are (almost) the same: they determine no scale and no rotation."""
        if isinstance(template, str):
            return template
        width, height = (max(values) - min(values) for values in zip(*template, strict=True))
        if max(width, height) < SMALLEST_EXTENT:
            raise ValueError(
                f"expected points that are at least {SMALLEST_EXTENT} apart in x or y, got points within "
                f"{width:.3g} x {height:.3g}. Give the landmarks as fractions of the crop's side"
            )
        return template

    @model_serializer(mode="wrap")
    def _leave_out_unused(self, as_table: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out alignment that is not used: files of runs and models stay those of earlier versions."""
        table: dict[str, Any] = as_table(self)
        unused = ALIGNMENT if self.align == "none" else ()
        return {key: value for key, value in table.items() if key not in unused}
