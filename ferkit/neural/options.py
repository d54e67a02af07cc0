"""The recipe sections [model] and [fit]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ferkit.components.part import Part, Section

LARGEST_IMAGE = 2048
"""Pixels of a side."""


class Model(Section):
    """The network: backbone, head and output.

    Attributes:
        image_size: Width and height of the input, in pixels, from 16 to 2048.
        normalize: "facenet" is (x − 127.5) / 128. "imagenet" uses the mean and standard deviation of
            ImageNet.
        color: "grey" converts every face to grey, in training and prediction. Use it to train on grey images
            and predict on colour images.
        backbone: Component from images to feature maps.
        head: Component from feature maps to logits.
        output: Component that transforms logits, in training and prediction.
        initial: The model.safetensors of an earlier run, to start from. Network and labels must be the same.
        initial_part: "backbone" loads only the backbone from `initial`. Head and labels may then differ.
    """

    image_size: int = Field(default=160, ge=16, le=LARGEST_IMAGE)
    normalize: Literal["facenet", "imagenet"] = "facenet"
    color: Literal["rgb", "grey"] = "rgb"
    backbone: Part = Part(name="inception_resnet_v1")
    head: Part = Part(name="linear")
    output: Part = Part(name="identity")
    initial: Path | None = None
    initial_part: Literal["backbone"] | None = None


class Optimizer(Section):
    """The optimizer. Parameters on a manifold (geoopt) are trained with Riemannian Adam.

    Attributes:
        name: "adam" or "adamw".
        lr: Learning rate of the backbone, and of everything if `head_lr` is not set.
        head_lr: Learning rate of head and output. Default: `lr`.
        output_lr: Learning rate of the output, such as λ of output mix-up. Default: that of the head.
        weight_decay: adam adds it to the gradient. adamw subtracts it from the parameters.
        eps: Term added to the denominator.
    """

    name: Literal["adam", "adamw"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    head_lr: float | None = Field(default=None, gt=0)
    output_lr: float | None = Field(default=None, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    eps: float = Field(default=1e-8, gt=0)


class ConstantSchedule(Section):
    """A constant learning rate."""

    name: Literal["constant"] = "constant"


class StepSchedule(Section):
    """Steps of the learning rate.

    Attributes:
        every: Number of epochs between steps.
        factor: Factor of a step, between 0 and 1.
        mode: "multiply" multiplies the rate by `factor`. "subtract" subtracts `factor` times the initial
            rate.
    """

    name: Literal["step"]
    every: int = Field(default=10, ge=1)
    factor: float = Field(default=0.25, gt=0, lt=1)
    mode: Literal["multiply", "subtract"] = "multiply"


class CosineSchedule(Section):
    """Half a cosine from the initial learning rate to 0, over all steps of the training."""

    name: Literal["cosine"]


class OneCycleSchedule(Section):
    """An increase to the learning rate, then a decrease to almost 0 (Smith and Topin 2018).

    Attributes:
        warmup: Fraction of the steps for the increase, between 0 and 1.
    """

    name: Literal["one_cycle"]
    warmup: float = Field(default=0.3, gt=0, lt=1)


Schedule = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | OneCycleSchedule, Field(discriminator="name")
]


class Fit(Section):
    """The training of the network.

    Attributes:
        epochs: Number of passes over the training faces.
        batch_size: Number of faces in a step.
        optimizer: Table of the optimizer.
        schedule: Table of the learning rate schedule.
        precision: "auto" is bfloat16 if the device supports it in hardware, else float32.
        device: "auto" is the GPU if there is one, else the CPU.
        workers: Number of additional processes that prepare batches. 0 prepares them in a thread.
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
