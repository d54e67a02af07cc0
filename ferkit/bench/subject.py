"""Parts of a recipe with images, as the stages need them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from ferkit.bench.plan import Plan
from ferkit.bench.precision import autocast, set_float32
from ferkit.components.build import build, on_device
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.crops import LoadedImage, crop_face
from ferkit.data.images import read_image
from ferkit.errors import DataError
from ferkit.interfaces import CANONICAL_LABELS, Detections, Face, Sample
from ferkit.neural.augment import Augmentation, is_batched
from ferkit.neural.augment_names import resolve_step
from ferkit.neural.auxiliary import needs_embeddings
from ferkit.neural.batches import FaceImages
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.device import choose_device, choose_precision
from ferkit.neural.network import Network
from ferkit.neural.optim import build_optimizer
from ferkit.neural.preprocessing import describe_normalize
from ferkit.recipe.parts import uses_network
from ferkit.recipe.schema import Recipe
from ferkit.runtime.file_kinds import is_image
from ferkit.runtime.walk import walk_folder

RECOMPILED = 100
"""Limit of recompilations in torch.compile, above the combinations of any measurement."""


@dataclass
class Subject:
    """The parts of a recipe on a device. Each part is built once, when a stage needs it.

    Attributes:
        recipe: The recipe.
        registry: The components.
        device: The measured device.
        precision: See `Plan`; not "auto".
        compile_mode: See `Plan`.
        files: The images. A larger batch repeats them.
        longer_side: See `Plan`.
    """

    recipe: Recipe
    registry: Registry
    device: torch.device
    precision: str
    compile_mode: str
    files: Sequence[Path]
    longer_side: int = 0

    @cached_property
    def labels(self) -> list[str]:
        return [label for label in CANONICAL_LABELS if label != "contempt"]

    @property
    def has_network(self) -> bool:
        return uses_network(self.recipe, self.registry)

    def batch_files(self, batch: int) -> list[Path]:
        return list(islice(cycle(self.files), batch))

    @classmethod
    def of(cls, recipe: Recipe, registry: Registry, plan: Plan) -> Subject:
        """Prepare the plan's device and images. Raises RunError or DataError."""
        device = choose_device(plan.device)
        if device.type == "cuda":
            torch.cuda.set_device(device)  # events are recorded on the current one
        fit = recipe.fit.model_copy(update={"device": str(device)})
        precision = choose_precision(fit) if plan.precision == "auto" else plan.precision
        if plan.images:
            files = find_images(plan.images)
        else:
            files = [one.path for one in build(registry, "dataset", recipe.data).samples()]
        files = files[: max(plan.batch_sizes)]
        return cls(recipe, registry, device, precision, plan.compile_mode, files, plan.longer_side)

    @cached_property
    def images(self) -> dict[Path, NDArray[np.uint8]]:
        return {file: bring_to(read_image(file), self.longer_side) for file in self.files}

    @cached_property
    def detector(self) -> Any:
        """The detector, on the measured device unless the recipe sets one."""
        part = on_device(self.registry, "detector", self.recipe.detector, str(self.device))
        return build(self.registry, "detector", part)

    @cached_property
    def detections(self) -> dict[Path, Detections]:
        found = [self.detector([one])[0] for one in self.images.values()]
        return dict(zip(self.images, found, strict=True))

    def crop(self, file: Path, pixels: NDArray[np.uint8], found: Detections) -> Face:
        """Crop the face of an image. Its label is a placeholder."""
        loaded = LoadedImage(Sample(file, self.labels[0]), "", pixels)
        return crop_face(loaded, found, self.recipe.faces)

    def faces(self, batch: int) -> list[Face]:
        files = self.batch_files(batch)
        return [self.crop(file, self.images[file], self.detections[file]) for file in files]

    def as_images(self, faces: Sequence[Face], is_training: bool = False) -> FaceImages:
        side, model = self.recipe.model.image_size, self.recipe.model
        augmentation = Augmentation(self.recipe.augment, side, self.registry) if is_training else None
        normalize = self.network.normalize if model.normalize == "pretrained" else model.normalize
        return FaceImages(faces, self.labels, side, normalize, augmentation, color=model.color)

    def tensor(self, images: FaceImages) -> Tensor:
        """Stack images as (B, 3, side, side) on the device, channels last."""
        pixels, _ = images.stack([(0, place) for place in range(len(images))])
        return pixels.to(self.device, memory_format=torch.channels_last)

    @cached_property
    def network(self) -> Network:
        torch.manual_seed(0)
        made = build_model(self.recipe.model, self.registry, self.labels)
        return made.to(self.device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]

    def make_ready(self, is_training: bool) -> None:
        """Set the network's mode and the device's precision for the next call."""
        set_float32(self.precision)
        self.network.keeps_embeddings = is_training and needs_embeddings(self.loss)
        if self.network.training == is_training:
            return
        self.network.train(is_training)
        if not is_training:
            # Work that a network does only in its first pass is not timed.
            side = self.recipe.model.image_size
            pixels = torch.zeros(1, 3, side, side, device=self.device)
            with torch.inference_mode(), self.autocast():
                self.network(pixels.contiguous(memory_format=torch.channels_last))

    @cached_property
    def loss(self) -> nn.Module:
        return build_loss(self.recipe.loss, self.registry, self.labels, [1] * len(self.labels)).to(
            self.device
        )

    @cached_property
    def optimizer(self) -> Optimizer:
        return cast(Optimizer, build_optimizer(self.network, self.recipe.fit, self.registry))

    def compiled(self, call: Any) -> Any:
        """Compile a module or function as the mode says, for one shape at a time."""
        if self.compile_mode == "off":
            return call
        torch._dynamo.config.recompile_limit = RECOMPILED  # above the limit, torch silently stops compiling
        return torch.compile(call, mode=self.compile_mode, dynamic=False)

    @property
    def autocast(self) -> partial[torch.autocast]:
        return partial(autocast, self.precision, self.device)

    def digest(self) -> str:
        """Hash the images' contents."""
        contents = hashlib.sha256()
        for file in self.files:
            contents.update(file.read_bytes())
        return contents.hexdigest()[:12]

    def describe(self) -> Mapping[str, Any]:
        """Describe the settings that the times depend on."""
        sizes = sorted({f"{image.shape[1]}x{image.shape[0]}" for image in self.images.values()})
        model = self.recipe.model
        parts = {"detector": self.recipe.detector, "loss": self.recipe.loss}
        parts |= {"backbone": model.backbone, "head": model.head, "output": model.output}
        described = {kind: _describe(part) for kind, part in parts.items()}
        described["augment"] = "; ".join(self._describe_step(part) for part in self.recipe.augment) or "none"
        return {
            **described,
            "image_size": model.image_size,
            "device": str(self.device),
            "precision": self.precision,
            "compile": self.compile_mode,
            "memory_format": "channels_last",
            "optimizer": self.recipe.fit.optimizer.name,
            "normalize": describe_normalize(model.normalize) + (", grey" if model.color == "grey" else ""),
            "margin": self.recipe.faces.margin,
            "images": f"{len(self.files)} of {', '.join(sizes[:3])}{', ...' if sizes[3:] else ''}",
            "their content": self.digest(),
        }

    def _describe_step(self, part: Part) -> str:
        """Describe a step of [[augment]]. "batched" marks steps on batches."""
        name = resolve_step(part, self.registry).name
        where = " (batched)" if is_batched(self.registry.get("augmentation", name).load()) else ""
        return _describe(part) + where


def _describe(part: Part) -> str:
    options = ", ".join(f"{name}={value!r}" for name, value in part.options.items())
    return f"{part.name}({options})" if options else part.name


def bring_to(image: NDArray[np.uint8], longer_side: int) -> NDArray[np.uint8]:
    """Resize an image (H, W, 3) uint8 to a longer side in pixels; 0: unchanged."""
    if not longer_side:
        return image
    scale = longer_side / max(image.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how), dtype=np.uint8)


def find_images(folder: Path) -> list[Path]:
    """List the image files of a folder and its subfolders by name. Raises DataError if there are none."""
    if not folder.is_dir():
        raise DataError(f"--images: folder {folder} does not exist")
    files = (place / name for place, names in walk_folder(folder) for name in names)
    found = sorted(path for path in files if is_image(path))
    if not found:
        raise DataError(f"--images: there is no image in {folder}")
    return found
