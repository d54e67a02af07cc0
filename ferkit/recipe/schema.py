"""The schema of a recipe: keys of the TOML file and their defaults."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from ferkit.components.part import Part, Section
from ferkit.data.options import FaceOptions, ManifestOptions
from ferkit.evaluation.paper import Paper
from ferkit.evaluation.protocol_options import NestedProtocol, Protocol
from ferkit.neural.options import Fit, Model
from ferkit.recipe.search_options import Search
from ferkit.recipe.track_options import Track


class Recipe(Section):
    """A recipe. An `estimator` replaces `model`, `loss`, `augment`, `callback` and `fit`.

    Attributes:
        name: Name of the recipe and of its run folders.
        description: A sentence about the recipe.
        plugins: Modules with plugins that are not installed.
        paper: The published result that the recipe reproduces.
        data: The dataset.
        manifest: The list of images that the recipe expects.
        detector: The face detector.
        faces: Cropping of the faces.
        estimator: An estimator instead of the network, such as an SVM.
        model: The network.
        loss: The loss.
        augment: The augmentations, in order.
        callback: Additions to the training, in order, such as an average of the weights.
        fit: The training of the network.
        protocol: The images for training, selection and testing.
        protocols: Words as for `ferkit run --protocols`, such as ["paper", "movie"]. `ferkit run` trains
            under each, in a folder of its own. Other commands and `ferkit.train` use `protocol`.
        grid: "section.key" to a list of values. The nested protocol trains every combination and selects the
            best one on validation images.
        search: A search for the best values by Optuna, instead of a grid.
        track: Experiment trackers, such as TensorBoard. They do not change the result. The recipe.toml of the
            run has no such section.
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
    callback: tuple[Part, ...] = ()
    fit: Fit = Fit()
    protocol: Protocol = NestedProtocol()
    protocols: tuple[str, ...] | None = None
    grid: dict[str, tuple[Any, ...]] | None = None
    search: Search | None = None
    track: Track | None = None

    @model_validator(mode="after")
    def _grid_needs_validation(self) -> Recipe:
        if self.grid and self.protocol.name != "nested":
            raise ValueError(
                f'[grid] requires the protocol "nested", which selects values without test images, got '
                f"{self.protocol.name!r}"
            )
        return self
