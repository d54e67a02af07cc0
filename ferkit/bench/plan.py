"""What is to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ferkit.bench.precision import PRECISIONS
from ferkit.errors import RunError

STAGES = (
    "decode",
    "detect",
    "crop",
    "augment",
    "backbone",
    "head",
    "training_step",
    "end_to_end",
)
COMPILE_MODES = ("off", "default", "reduce-overhead", "max-autotune")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a recipe's parts are measured.

    precision, device: "auto" as a training chooses; compile_mode: of torch.compile, "reduce-overhead" being
    CUDA graphs on a GPU; images: a folder of images, drawn faces without; longer_side: in pixels, which
    images are brought to once they are decoded, 0 to leave them; rounds, seconds: see `Effort`.
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
        _require(not _unknown(self.stages, STAGES), "--stages", STAGES, _unknown(self.stages, STAGES))
        _require(self.compile_mode in COMPILE_MODES, "--compile", COMPILE_MODES, self.compile_mode)
        _require(self.precision in ("auto", *PRECISIONS), "--precision", PRECISIONS, self.precision)
        if not self.batch_sizes or min(self.batch_sizes) < 1:
            raise RunError(f"--batch-size: expected whole numbers from 1, got {list(self.batch_sizes)}")
        if self.rounds < 1 or self.seconds <= 0:
            raise RunError("--repeats and --seconds: expected numbers above 0")


def _unknown(given: Sequence[str], known: Sequence[str]) -> list[str]:
    return [one for one in given if one not in known]


def _require(is_met: bool, option: str, known: Sequence[str], given: object) -> None:
    if not is_met:
        raise RunError(f"{option}: expected of {', '.join(known)}; got {given!r}")


def split_list(text: str, option: str) -> list[str]:
    """ "decode,detect" -> its items. Raises RunError, naming the option, where there is none."""
    items = _items(text)
    if not items:
        raise RunError(f"{option}: expected at least one item, with commas between several; got {text!r}")
    return items


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def split_numbers(text: str, option: str) -> list[int]:
    """ "1,8,32" -> whole numbers. Raises RunError, naming the option."""
    items = _items(text)
    if not items or not all(item.isdecimal() for item in items):
        raise RunError(f"{option}: expected whole numbers with commas between them (1,8,32), got {text!r}")
    return [int(item) for item in items]
