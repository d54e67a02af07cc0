"""The frozen schema of a recipe: what a TOML file may say, and what each part left out comes to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A table of the recipe; unknown keys are faults, values are not converted, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Part(BaseModel):
    """A component by name; every other key of its table is an option of its constructor."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Paper(Section):
    """What the recipe reproduces; accuracy in percent, as printed."""

    row: str
    accuracy: float = Field(ge=0, le=100)
    source: str = ""


class FaceOptions(Section):
    """How photographs become crops.

    margin: added around the box, as a share of its longer side; no_face: what becomes of a photograph
    in which no face is found; unreadable: what becomes of a file that is no whole photograph.
    """

    margin: float = Field(default=0.0, ge=0)
    no_face: Literal["whole_image", "skip"] = "whole_image"
    unreadable: Literal["stop", "skip"] = "stop"


class Model(Section):
    """The network. image_size: the side of its square input, in pixels.

    normalize: "facenet" is (x − 127.5) / 128, "imagenet" the mean and deviation of ImageNet.
    """

    image_size: int = Field(default=160, ge=16)
    normalize: Literal["facenet", "imagenet"] = "facenet"
    backbone: Part = Part(name="inception_resnet_v1")
    head: Part = Part(name="linear")
    output: Part = Part(name="identity")


class Optimizer(Section):
    """lr: of everything, or of the backbone alone where head_lr gives the rest a rate of its own.

    output_lr: of what comes after the head (output mix-up's λ), where it is not to be the head's.
    """

    name: Literal["adam", "adamw"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    head_lr: float | None = Field(default=None, gt=0)
    output_lr: float | None = Field(default=None, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)


class ConstantSchedule(Section):
    name: Literal["constant"] = "constant"


class StepSchedule(Section):
    """Every so many epochs: "multiply" the rate by factor, or "subtract" factor times the first rate."""

    name: Literal["step"]
    every: int = Field(default=10, ge=1)
    factor: float = Field(default=0.25, gt=0, lt=1)
    mode: Literal["multiply", "subtract"] = "multiply"


class CosineSchedule(Section):
    """Half a cosine from the first rate to 0, step by step over the whole training."""

    name: Literal["cosine"]


class OneCycleSchedule(Section):
    """Up to the rate for a share of the steps, then down to nothing (Smith and Topin 2018)."""

    name: Literal["one_cycle"]
    warmup: float = Field(default=0.3, gt=0, lt=1)


Schedule = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | OneCycleSchedule, Field(discriminator="name")
]


class Fit(Section):
    """How the network is trained.

    precision: "auto" is bfloat16 where the device computes in it, else float32; device: "auto" is the
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


class Protocol(Section):
    """The paper's evaluation: stratified folds, each the test fold once, `repeats` times over.

    seed: of the folds and, with the repeat and the fold, of everything random in training; new_folds:
    whether each repeat draws its own folds (otherwise only its own training seeds).
    """

    name: Literal["paper"] = "paper"
    folds: int = Field(default=2, ge=2)
    repeats: int = Field(default=3, ge=1)
    seed: int = Field(default=0, ge=0)
    new_folds: bool = False


class Recipe(Section):
    """A whole recipe. An `estimator` takes the place of `model`, `loss`, `augment` and `fit`."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="letters, digits, underscores, dots and hyphens (it names the run's folder)",
    )
    description: str = ""
    plugins: tuple[str, ...] = ()
    paper: Paper | None = None
    data: Part
    detector: Part = Part(name="mtcnn")
    faces: FaceOptions = FaceOptions()
    estimator: Part | None = None
    model: Model = Model()
    loss: Part = Part(name="cross_entropy")
    augment: tuple[Part, ...] = ()
    fit: Fit = Fit()
    protocol: Protocol = Protocol()
