"""The recipe sections [model] and [fit]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ferkit.components.part import Part, Section


class Model(Section):
    """The network: backbone, then head, then output.

    image_size: the side of its square input, in pixels; normalize: "facenet" is (x − 127.5) / 128, "imagenet"
    the mean and deviation of ImageNet; color: "grey" turns every face grey, in training and in whatever the
    network is used for: for what is trained on grey images and used on others; backbone: images to
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
    """Up to the rate for a fraction of the steps, then down to nothing (Smith and Topin 2018).

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
