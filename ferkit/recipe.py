"""The frozen schema of a recipe: what a TOML file may say, and what each part left out comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ferkit.protocol_options import (
    GroupedProtocol,
    HoldoutProtocol,
    NestedProtocol,
    PaperProtocol,
    Protocol,
)
from ferkit.section import Part, Section

ProtocolName = Literal["paper", "grouped", "nested", "holdout"]


class Paper(Section):
    """What the recipe reproduces: one number in percent, as printed, under the metric's own name.

    row: of the paper's table, in its words; accuracy, mean_recall, macro_f1: one of them, the number;
    protocol: the one that it was measured under, in ferkit's words; folds: of how many folds, if that is
    known; data: what it was measured on, where that is not the recipe's own data (the verdict is then "not
    comparable"); source: where it is printed.
    """

    row: str
    accuracy: float | None = Field(default=None, ge=0, le=100)
    mean_recall: float | None = Field(default=None, ge=0, le=100)
    macro_f1: float | None = Field(default=None, ge=0, le=100)
    protocol: ProtocolName = "paper"
    folds: int | None = Field(default=None, ge=2)
    data: str | None = None
    source: str = ""

    @model_validator(mode="after")
    def _one_number(self) -> Paper:
        if sum(getattr(self, name) is not None for name in PAPER_METRICS) != 1:
            raise ValueError(f"give one of {', '.join(PAPER_METRICS)}: the number that the paper reports")
        return self

    @property
    def metric(self) -> str:
        return next(name for name in PAPER_METRICS if getattr(self, name) is not None)

    @property
    def number(self) -> float:
        """In percent."""
        value: float = getattr(self, self.metric)
        return value

    def as_printed(self) -> dict[str, Any]:
        """For summary.json: the number and its metric side by side."""
        kept = ("row", "number", "metric", "protocol", "folds", "data", "source")
        return {name: getattr(self, name) for name in kept}


PAPER_METRICS = ("accuracy", "mean_recall", "macro_f1")


class Manifest(Section):
    """The list of photographs that the recipe is meant for.

    file: made by `ferkit data manifest`, or the name of one that ferkit ships; differs: whether a run on
    other photographs stops or only says so.
    """

    file: str
    differs: Literal["refuse", "warn"] = "warn"


class FaceOptions(Section):
    """How photographs become crops.

    margin: added around the box, as a share of its longer side; no_face: what becomes of a photograph
    in which no face is found; unreadable: what becomes of a file that is no whole photograph; copies: what
    becomes of a face that is, pixel for pixel, another's. "leave_out" gives up those in the training part
    for validation and test images, and of those in one part keeps the first, or none where labels differ.
    """

    margin: float = Field(default=0.0, ge=0)
    no_face: Literal["whole_image", "skip"] = "whole_image"
    unreadable: Literal["stop", "skip"] = "stop"
    copies: Literal["keep", "leave_out"] = "keep"


class Model(Section):
    """The network: backbone, then head, then output.

    image_size: the side of its square input, in pixels; normalize: "facenet" is (x − 127.5) / 128, "imagenet"
    the mean and deviation of ImageNet; color: "grey" turns every face grey, in training and in whatever the
    network is used for: for what is trained on grey photographs and used on others; backbone: images to
    feature maps; head: these to logits; output: what happens to logits, in training and after; initial: the
    model.safetensors of an earlier run of the same network and labels, to start from; initial_part:
    "backbone" takes that alone from it, so that the head begins anew and the labels may be others.
    """

    image_size: int = Field(default=160, ge=16)
    normalize: Literal["facenet", "imagenet"] = "facenet"
    color: Literal["rgb", "grey"] = "rgb"
    backbone: Part = Part(name="inception_resnet_v1")
    head: Part = Part(name="linear")
    output: Part = Part(name="identity")
    initial: Path | None = None
    initial_part: Literal["backbone"] | None = None


class Optimizer(Section):
    """Adam, or AdamW by its name; parameters on a manifold (geoopt's) are moved along it, by Riemannian Adam.

    lr: the learning rate of everything, or of the backbone alone where head_lr gives the rest a rate of its
    own; head_lr: of all but the backbone; output_lr: of what comes after the head (output mix-up's λ), where
    it is not to be the head's; weight_decay: added to the gradient by adam, taken off the parameters by
    adamw; eps: added to the denominator.
    """

    name: Literal["adam", "adamw"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    head_lr: float | None = Field(default=None, gt=0)
    output_lr: float | None = Field(default=None, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    eps: float = Field(default=1e-8, gt=0)


class ConstantSchedule(Section):
    """The first rate, throughout."""

    name: Literal["constant"] = "constant"


class StepSchedule(Section):
    """Every so many epochs: "multiply" the rate by factor, or "subtract" factor times the first rate.

    every: epochs; factor: between 0 and 1; mode: which of the two.
    """

    name: Literal["step"]
    every: int = Field(default=10, ge=1)
    factor: float = Field(default=0.25, gt=0, lt=1)
    mode: Literal["multiply", "subtract"] = "multiply"


class CosineSchedule(Section):
    """Half a cosine from the first rate to 0, step by step over the whole training."""

    name: Literal["cosine"]


class OneCycleSchedule(Section):
    """Up to the rate for a share of the steps, then down to nothing (Smith and Topin 2018).

    warmup: that share.
    """

    name: Literal["one_cycle"]
    warmup: float = Field(default=0.3, gt=0, lt=1)


Schedule = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | OneCycleSchedule, Field(discriminator="name")
]


class Fit(Section):
    """How the network is trained.

    epochs: passes over the training faces; batch_size: faces in a step; optimizer, schedule: tables of their
    own; precision: "auto" is bfloat16 where the device computes in it, else float32; device: "auto" is the
    GPU if there is one; workers: processes that prepare batches beside the one that trains.
    """

    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=16, ge=1)
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = ConstantSchedule()
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:0"
    )
    workers: int = Field(default=0, ge=0)


class Recipe(Section):
    """A whole recipe. An `estimator` takes the place of `model`, `loss`, `augment` and `fit`.

    name: of the recipe, and of its runs' folders; description: a sentence for its readers; plugins: modules
    with plugins that are not installed; paper: the number that it reproduces; data: the photographs;
    manifest: which photographs are expected; detector, faces: how they become crops; model, loss, augment,
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
    manifest: Manifest | None = None
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


__all__ = [
    "ConstantSchedule",
    "CosineSchedule",
    "FaceOptions",
    "Fit",
    "GroupedProtocol",
    "HoldoutProtocol",
    "Manifest",
    "Model",
    "NestedProtocol",
    "OneCycleSchedule",
    "Optimizer",
    "Paper",
    "PaperProtocol",
    "Part",
    "Protocol",
    "Recipe",
    "Schedule",
    "Section",
    "StepSchedule",
]
