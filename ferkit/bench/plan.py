"""Options of a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ferkit.bench.precision import PRECISIONS
from ferkit.errors import RunError

STAGES = ("decode", "detect", "crop", "augment", "backbone", "head", "training_step", "end_to_end")
COMPILE_MODES = ("off", "default", "reduce-overhead", "max-autotune")


@dataclass(frozen=True, slots=True)
class Plan:
    """Options for measuring the parts of a recipe.

    Attributes:
        stages: Names from STAGES.
        batch_sizes: Images per call.
        precision: From PRECISIONS, or "auto": as a training chooses.
        device: "auto", "cpu", "cuda" or "cuda:0".
        compile_mode: Mode of torch.compile. "reduce-overhead" uses CUDA graphs on a GPU.
        images: Folder of images. None: generated faces.
        longer_side: Pixels that decoded images are resized to. 0: unchanged.
        rounds: Timed calls per case; see `Effort`.
        seconds: Time limit; see `Effort`.
    """

    stages: Sequence[str] = STAGES
    batch_sizes: Sequence[int] = (1, 8, 32)
    precision: str = "auto"
    device: str = "auto"
    compile_mode: str = "off"
    images: Path | None = None
    longer_side: int = 0
    rounds: int = 50
    seconds: float = 60.0

    def __post_init__(self) -> None:
        _check("--stages", self.stages, STAGES)
        _check("--compile", [self.compile_mode], COMPILE_MODES)
        _check("--precision", [self.precision], ("auto", *PRECISIONS))
        if not self.batch_sizes or min(self.batch_sizes) < 1:
            raise RunError(f"--batch-size: expected whole numbers from 1, got {list(self.batch_sizes)}")
        if self.rounds < 1 or self.seconds <= 0:
            raise RunError("--repeats and --seconds: expected numbers above 0")


def _check(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    if unknown := [one for one in given if one not in known]:
        raise RunError(f"{option}: expected {', '.join(known)}; got {unknown[0]!r}")


def split_list(text: str, option: str) -> list[str]:
    """Split comma-separated items. Raises RunError with the option's name if there are none."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise RunError(f"{option}: expected at least one item, comma-separated; got {text!r}")
    return items


def split_numbers(text: str, option: str) -> list[int]:
    """Split comma-separated whole numbers. Raises RunError with the option's name."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items or not all(item.isdecimal() for item in items):
        raise RunError(f"{option}: expected whole numbers, comma-separated (1,8,32); got {text!r}")
    return [int(item) for item in items]
