"""The frozen schema of a recipe: what a TOML file may say, and what each part left out comes to."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from ferkit.components.part import Part, Section
from ferkit.data.options import FaceOptions, ManifestOptions
from ferkit.evaluation.paper import Paper
from ferkit.evaluation.protocol_options import (
    PaperProtocol,
    Protocol,
)
from ferkit.neural.options import Fit, Model


class Recipe(Section):
    """A whole recipe. An `estimator` takes the place of `model`, `loss`, `augment` and `fit`.

    name: of the recipe, and of its runs' folders; description: a sentence for its readers; plugins: modules
    with plugins that are not installed; paper: the number that it reproduces; data: the images;
    manifest: which images are expected; detector, faces: how they become crops; model, loss, augment,
    fit: the network and its training; protocol: what trains, chooses and tests; grid: "section.key" ->
    values; the nested protocol trains every combination and takes the one that is best on its validation
    images.
    """

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="letters, digits, underscores, dots and hyphens (it names the run's folder)",
    )
    description: str = ""
    plugins: tuple[str, ...] = ()
    paper: Paper | None = None
    data: Part
    manifest: ManifestOptions | None = None
    detector: Part = Part(name="mtcnn")
    faces: FaceOptions = FaceOptions()
    estimator: Part | None = None
    model: Model = Model()
    loss: Part = Part(name="cross_entropy")
    augment: tuple[Part, ...] = ()
    fit: Fit = Fit()
    protocol: Protocol = PaperProtocol()
    grid: dict[str, tuple[Any, ...]] | None = None

    @model_validator(mode="after")
    def _grid_needs_validation(self) -> Recipe:
        if self.grid and self.protocol.name != "nested":
            raise ValueError(
                f'[grid] is searched by the protocol "nested" alone, not by {self.protocol.name!r}: what is '
                "chosen must not be chosen on test images"
            )
        return self
