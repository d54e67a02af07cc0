"""The recipe sections [model] and [fit]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PlainSerializer, Tag

from ferkit.components.part import Part, Section
from ferkit.errors import RunError
from ferkit.runtime.hub_reference import describe_file, find_cached_file, is_reference, read_reference
from ferkit.runtime.shipped import MODELS, bundled_model

Mean = Annotated[float, Field(ge=0, le=1)]
Deviation = Annotated[float, Field(gt=0, le=1)]


class MeanAndStd(Section):
    """Mean and standard deviation of each channel, in the order RGB, of pixels scaled to 0..1.

    Attributes:
        mean: Mean of each channel.
        std: Standard deviation of each channel.
    """

    mean: tuple[Mean, Mean, Mean] = Field(description="three numbers, 0 to 1")
    std: tuple[Deviation, Deviation, Deviation] = Field(description="three numbers, above 0, 1 at most")


def _tag(value: Any) -> str:
    return "|table" if isinstance(value, dict | MeanAndStd) else "|word"


_Table = Annotated[MeanAndStd, Tag("|table")]
# A tag of a union that starts with "|" is left out where a message names the key.
Known = Annotated[Annotated[Literal["facenet", "imagenet"], Tag("|word")] | _Table, Discriminator(_tag)]
"""A normalisation whose values are known: that of a network's file."""
Normalize = Annotated[
    Annotated[Literal["pretrained", "facenet", "imagenet"], Tag("|word")] | _Table, Discriminator(_tag)
]
LARGEST_IMAGE = 2048
"""Pixels of a side."""


def _find_initial(value: Any) -> Any:
    if is_reference(value):
        try:
            return str(find_cached_file(read_reference(value)) or value)
        except RunError as error:
            raise ValueError(str(error)) from error
    found = bundled_model(value) if isinstance(value, str) else None
    return str(found) if found else value


def _name_initial(path: Path) -> str:
    """Return the name of a bundled model or one of the Hub: a recipe must not depend on their place."""
    return path.stem if path.parent == MODELS else describe_file(path)


Initial = Annotated[Path, BeforeValidator(_find_initial), PlainSerializer(_name_initial, when_used="json")]


class Model(Section):
    """The network: backbone, head and output.

    Attributes:
        image_size: Width and height of the input, in pixels, from 16 to 2048.
        normalize: "pretrained" uses the mean and standard deviation that the backbone's weights, or the
            network in `initial`, were trained with. "facenet" is (x − 127.5) / 128. "imagenet" uses those of
            ImageNet. A table `{ mean = [...], std = [...] }` sets them for pixels scaled to 0..1, in RGB.
        color: "grey" converts every face to grey, in training and prediction. Use it to train on grey images
            and predict on colour images.
        backbone: Component from images to feature maps.
        head: Component from feature maps to logits.
        output: Component that transforms logits, in training and prediction.
        initial: The model.safetensors of an earlier run, to start from, a model on the Hugging Face Hub
            ("hf://USER/NAME@REVISION"), or "default" for the bundled model. Network and labels must be the
            same.
        initial_part: "backbone" loads only the backbone from `initial`. Head and labels may then differ.
    """

    image_size: int = Field(default=160, ge=16, le=LARGEST_IMAGE)
    normalize: Normalize = Field(
        default="pretrained",
        description='"pretrained", "facenet", "imagenet", or a table with mean and std',
    )
    color: Literal["rgb", "grey"] = "rgb"
    backbone: Part = Part(name="inception_resnet_v1")
    head: Part = Part(name="linear")
    output: Part = Part(name="identity")
    initial: Initial | None = None
    initial_part: Literal["backbone"] | None = None


class Optimizer(Part):
    """The optimizer. Every other key is an option of the component.

    Attributes:
        name: Component, such as "adam", "adamw" or "sgd".
        lr: Learning rate of the backbone, and of everything if `head_lr` is not set.
        head_lr: Learning rate of head and output. Default: `lr`.
        output_lr: Learning rate of the output, such as λ of output mix-up. Default: that of the head.
        layer_decay: Layer-wise learning rate decay: the last layer of the backbone has `lr`, and each layer
            the rate of the next one times this factor, 0 to 1 (Clark et al. 2020, ELECTRA). A layer is a
            module directly in the backbone, or an item of a list of modules in it, such as a residual block.
        weight_decay: Weight decay of the optimizer. adam adds it to the gradient, adamw subtracts it from the
            parameters.
        decay_norms: False leaves biases, and the weights of normalisation layers, without weight decay.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False, defer_build=True)
    name: str = "adam"
    lr: float = Field(default=1e-4, gt=0)
    head_lr: float | None = Field(default=None, gt=0)
    output_lr: float | None = Field(default=None, gt=0)
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0)
    decay_norms: bool = True


def _check_workers(value: Any) -> Any:
    """Return the value of `workers`. pydantic would report a problem for each type of the union."""
    if value == "auto" or (type(value) is int and value >= 0):
        return value
    raise ValueError('expected "auto" or a whole number from 0')


class Fit(Section):
    """The training of the network.

    Attributes:
        epochs: Number of passes over the training faces.
        batch_size: Number of faces in a batch, of all processes together.
        sync_batch_norm: With several processes, compute the statistics of batch norms from the whole batch.
            False computes them from the faces of each process, which is faster. Default: true.
        accumulate: Number of batches whose gradients are averaged for an update of the parameters.
        balance: Sampling of the classes, 0 to 1. 0 takes each face once in an epoch. Otherwise, faces are
            drawn with replacement: 1 draws all classes equally often, values between are a compromise. The
            probability of a face is proportional to (number of faces of its label) ** -balance.
        clip_norm: Maximum L2 norm of the gradients of all parameters together. Larger gradients are scaled.
        optimizer: Table of the optimizer.
        schedule: Table of the learning rate schedule.
        precision: "auto" is bfloat16 if the device computes it faster, else float32. "float16" scales
            the loss, and needs a GPU.
        device: "auto" is the GPU if there is one, else the CPU.
        workers: Number of additional processes that prepare batches. 0 prepares them in a thread. "auto" is 0
            on a CPU. With a GPU and augmentations on single images, it is the number of cores − 1, 8 at most.
    """

    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=16, ge=1)
    sync_batch_norm: bool | None = None
    accumulate: int = Field(default=1, ge=1)
    balance: float = Field(default=0.0, ge=0, le=1)
    clip_norm: float | None = Field(default=None, gt=0)
    optimizer: Optimizer = Optimizer()
    schedule: Part = Part(name="constant")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:0"
    )
    workers: Annotated[int | Literal["auto"], BeforeValidator(_check_workers)] = Field(
        default="auto", description='"auto", or a whole number from 0'
    )
